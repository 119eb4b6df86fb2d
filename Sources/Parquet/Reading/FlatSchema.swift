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
      guard index < elements.count else {
        throw ParquetError(.corrupt, "the schema has fewer columns than it says")
      }
      let element = elements[index]
      if element.childCount > 0 {
        addList(elements, index)
        unreadable.append((element.name, "nested columns are not supported"))
        index = try skipGroup(elements, index)
      } else {
        add(element)
        index += 1
      }
    }
    guard index == elements.count else {
      throw ParquetError(.corrupt, "the schema has more columns than it says")
    }
  }

  private mutating func add(_ element: SchemaElement) {
    defer { leafCount += 1 }
    guard let code = element.type else {
      leafCount -= 1  // an empty group has no chunk
      return unreadable.append((element.name, "empty groups are not supported"))
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
      return unreadable.append((element.name, meaning.isEmpty ? reason : "\(meaning)in \(reason)"))
    }
    guard element.repetition == 0 || element.repetition == 1 else {
      return unreadable.append((element.name, "repeated columns are not supported"))
    }
    var column = ParquetColumn(element.name, type, isNullable: element.repetition == 1)
    column.annotation = element.annotation
    if element.annotation == .none, type == .int64, let decimals = durations[element.name] {
      column.annotation = .duration(decimals: decimals)
    }
    columns.append(column)
    leaves.append(leafCount)
  }

  /// Notes the group at `start` if it is a list of plain values: three levels, or two as older writers
  /// have them.
  private mutating func addList(_ elements: [SchemaElement], _ start: Int) {
    let outer = elements[start]
    guard outer.childCount == 1, outer.repetition < 2, start + 1 < elements.count else { return }
    var leaf = elements[start + 1]
    guard leaf.repetition == 2 else { return }
    let element = (outer.repetition == 1 ? 1 : 0) + 1
    var most = element
    if leaf.childCount == 1, start + 2 < elements.count {
      leaf = elements[start + 2]
      guard leaf.repetition < 2 else { return }
      most += leaf.repetition
    }
    guard leaf.childCount == 0, let code = leaf.type, let type = ParquetType.named(code: code).0
    else { return }
    var column = ParquetColumn(outer.name, type, isNullable: true)
    column.annotation = leaf.annotation
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
  var width: Int { most > 1 ? 2 : 1 }
}
