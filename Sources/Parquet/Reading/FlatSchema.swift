/// The columns of a schema that a flat table can have, and why the others are none.
struct FlatSchema {
  var columns: [ParquetColumn] = []
  /// For each of `columns`, its place among all leaves.
  var leaves: [Int] = []
  var unreadable: [(name: String, reason: String)] = []
  /// Lists of values, which are read by a cursor of their own and count as unreadable besides.
  var lists: [(column: ParquetColumn, leaf: Int, shape: ListShape)] = []
  /// Leaves in all: the chunks that every row group has.
  var leafCount = 0

  /// What the file's Arrow schema says of columns that have no type of Parquet's own.
  private let durations: [String: Int]

  /// Walks the schema, which is a tree written in preorder. `durations`: as ``ArrowSchema`` tells them.
  init(
    _ elements: [SchemaElement], durations: [String: Int] = [:]
  ) throws(ParquetError) {
    self.durations = durations
    guard let root = elements.first, root.childCount > 0 || elements.count == 1 else {
      throw ParquetError(.corrupt, "the file has no schema")
    }
    var index = 1
    for _ in 0..<root.childCount {
      try take(elements, &index, in: Place(name: "", level: 0, depth: 0))
    }
    guard index == elements.count else {
      throw ParquetError(.corrupt, "the schema has more columns than it says")
    }
  }

  /// Where an element stands: the groups around it.
  private struct Place {
    /// Their names, joined by dots.
    let name: String
    /// The definition level at which they are there.
    let level: Int
    let depth: Int

    func name(of element: SchemaElement) -> String {
      name.isEmpty ? element.name : name + "." + element.name
    }
  }

  /// Groups inside groups: more than any table has.
  private static let depthLimit = 16

  /// Takes the element at `index` with all that is in it. The values of a group that is there at most once are
  /// columns of their own, `group.field`.
  private mutating func take(
    _ elements: [SchemaElement], _ index: inout Int, in place: Place
  ) throws(ParquetError) {
    guard index < elements.count else {
      throw ParquetError(.corrupt, "the schema has fewer columns than it says")
    }
    let element = elements[index]
    guard element.childCount > 0 else {
      add(element, in: place)
      index += 1
      return
    }
    let isList = addList(elements, index, in: place)
    let holdsRepeated =
      element.childCount == 1 && index + 1 < elements.count && elements[index + 1].repetition == 2
    guard !isList, !holdsRepeated, element.repetition < 2, place.depth < Self.depthLimit else {
      unreadable.append((place.name(of: element), "nested columns are not supported"))
      index = try skipGroup(elements, index)
      return
    }
    index += 1
    let inner = Place(
      name: place.name(of: element), level: place.level + element.repetition,
      depth: place.depth + 1)
    for _ in 0..<element.childCount { try take(elements, &index, in: inner) }
  }

  private mutating func add(_ element: SchemaElement, in place: Place) {
    let name = place.name(of: element)
    defer { leafCount += 1 }
    guard let code = element.type else {
      leafCount -= 1  // an empty group has no chunk
      return unreadable.append((name, "empty groups are not supported"))
    }
    let (type, reason) = ParquetType.named(code: code)
    let meaning =
      switch element.annotation {
      case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale)) "
      case .halfFloat: "FLOAT16 "
      default: ""
      }
    guard let type, type != .string || meaning.isEmpty else {
      let reason = type.map { "\($0.name) values are not supported" } ?? reason
      return unreadable.append((name, meaning.isEmpty ? reason : "\(meaning)in \(reason)"))
    }
    guard element.repetition == 0 || element.repetition == 1 else {
      // A list of one level, as some writers have them.
      addList(of: element, type, named: name, element: place.level + 1, most: place.level + 1)
      return unreadable.append((name, "repeated columns are not supported"))
    }
    let level = place.level + element.repetition
    var column = ParquetColumn(name, type, isNullable: level > 0)
    column.annotation = element.annotation
    if place.depth > 0 { column.level = level }
    if place.depth == 0, element.annotation == .none, type == .int64,
      let decimals = durations[element.name]
    {
      column.annotation = .duration(decimals: decimals)
    }
    columns.append(column)
    leaves.append(leafCount)
  }

  /// Notes the group at `start` if it is a list of plain values: three levels, or two as older writers
  /// have them.
  private mutating func addList(
    _ elements: [SchemaElement], _ start: Int, in place: Place
  ) -> Bool {
    let outer = elements[start]
    guard outer.childCount == 1, outer.repetition < 2, start + 1 < elements.count else {
      return false
    }
    var leaf = elements[start + 1]
    guard leaf.repetition == 2 else { return false }
    let element = place.level + outer.repetition + 1
    var most = element
    if leaf.childCount == 1, start + 2 < elements.count {
      leaf = elements[start + 2]
      guard leaf.repetition < 2 else { return false }
      most += leaf.repetition
    }
    guard leaf.childCount == 0, let code = leaf.type, let type = ParquetType.named(code: code).0
    else { return false }
    addList(of: leaf, type, named: place.name(of: outer), element: element, most: most)
    return true
  }

  private mutating func addList(
    of leaf: SchemaElement, _ type: ParquetType, named name: String, element: Int, most: Int
  ) {
    var column = ParquetColumn(name, type, isNullable: true)
    column.annotation = leaf.annotation
    column.isList = true
    lists.append((column, leafCount, ListShape(element: element, most: most)))
  }

  /// The place after the group at `start`; counts its leaves.
  private mutating func skipGroup(
    _ elements: [SchemaElement], _ start: Int
  ) throws(ParquetError) -> Int {
    var open = 1
    var index = start
    while open > 0 {
      guard index < elements.count else {
        throw ParquetError(.corrupt, "the schema has fewer columns than it says")
      }
      let element = elements[index]
      open += element.childCount - 1
      if element.type != nil && element.childCount == 0 { leafCount += 1 }
      index += 1
    }
    return index
  }
}

/// The definition levels of a list's entries.
struct ListShape: Sendable {
  /// From this level on an entry is an element; below, the list is empty or missing.
  let element: Int
  /// At this level it has a value.
  let most: Int

  /// Bits of a level.
  var width: Int { ListShape.bits(most) }

  /// The bits that levels up to `most` take.
  static func bits(_ most: Int) -> Int { Int.bitWidth - most.leadingZeroBitCount }
}
