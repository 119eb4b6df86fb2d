import CTracemill

/// A table's rows as an Arrow stream (Arrow's C stream interface), batch by batch, with the columns that
/// its files have.
///
/// Integers are int64, numbers float64, flags bool; labels and symbols are dictionaries of strings.
/// The consumer owns each batch: nothing is copied after the columns are made.
public struct ArrowTable<Row> {
  private let columns: [TableColumn<Row>]
  private let symbols: () -> [String]

  /// The most rows of a batch.
  public static var batchRows: Int { 1 << 16 }

  /// - Parameters:
  ///   - columns: the table's columns, in order.
  ///   - symbols: the symbol table's strings, complete for every row that was given.
  public init(columns: [TableColumn<Row>], symbols: @escaping () -> [String] = { [] }) {
    self.columns = columns
    self.symbols = symbols
  }

  /// Fills `out` in with a stream of what `next` gives: it puts rows into an empty list, none at the end.
  /// What it throws is the stream's error, and the stream is over.
  public func export(
    to out: UnsafeMutablePointer<ArrowArrayStream>, next: @escaping (inout [Row]) throws -> Void
  ) {
    var rows: [Row] = []
    ArrowStreamSource(schema: schema) {
      rows.removeAll(keepingCapacity: true)
      try next(&rows)
      return rows.isEmpty ? nil : batch(rows)
    }.export(to: out)
  }

  /// The same of rows that are all there.
  public func export(_ rows: [Row], to out: UnsafeMutablePointer<ArrowArrayStream>) {
    var done = 0
    ArrowStreamSource(schema: schema) {
      let end = min(done + Self.batchRows, rows.count)
      defer { done = end }
      return done < end ? batch(rows[done..<end]) : nil
    }.export(to: out)
  }

  private func schema() -> ArrowSchema {
    ArrowMemory().schema("+s", name: "", nullable: false, children: columns.map(\.arrowSchema))
  }

  private func batch(_ rows: some RandomAccessCollection<Row>) -> ArrowArray {
    let table = columns.contains { if case .symbol = $0.cell { true } else { false } }
    let names = table ? symbols() : []
    let children = columns.map { $0.arrowArray(rows, symbols: names) }
    return ArrowMemory().array(length: rows.count, nulls: 0, buffers: [nil], children: children)
  }
}

extension TableColumn {
  fileprivate var arrowSchema: ArrowSchema {
    let memory = ArrowMemory()
    let (format, hasNames) =
      switch cell {
      case .integer: ("l", false)
      case .number: ("g", false)
      case .flag: ("b", false)
      case .label: ("c", true)
      case .symbol: ("i", true)
      }
    return memory.schema(
      format, name: name, nullable: isNullable,
      dictionary: hasNames ? ArrowMemory().schema("u", name: "", nullable: false) : nil)
  }

  fileprivate func arrowArray(
    _ rows: some RandomAccessCollection<Row>, symbols: [String]
  ) -> ArrowArray {
    let memory = ArrowMemory()
    let count = rows.count
    let validity = isNullable ? memory.block((count + 7) / 8, of: UInt8.self) : nil
    var present = 0
    func mark(_ row: Int) {
      present += 1
      validity?[row >> 3] |= 1 << UInt8(row & 7)
    }
    func array(_ values: UnsafeRawPointer, _ dictionary: ArrowArray? = nil) -> ArrowArray {
      memory.array(
        length: count, nulls: isNullable ? count - present : 0,
        buffers: [present == count ? nil : validity.map { UnsafeRawPointer($0) }, values],
        dictionary: dictionary)
    }
    switch cell {
    case .integer(let get):
      let values = memory.block(count, of: Int64.self)
      for (row, item) in rows.enumerated() {
        if let value = get(item) {
          values[row] = value
          mark(row)
        }
      }
      return array(values)
    case .number(let get):
      let values = memory.block(count, of: Double.self)
      for (row, item) in rows.enumerated() {
        if let value = get(item) {
          values[row] = value
          mark(row)
        }
      }
      return array(values)
    case .flag(let get):
      let values = memory.block((count + 7) / 8, of: UInt8.self)
      for (row, item) in rows.enumerated() {
        if get(item) { values[row >> 3] |= 1 << UInt8(row & 7) }
        mark(row)
      }
      return array(values)
    case .label(let names, let get):
      let values = memory.block(count, of: Int8.self)
      for (row, item) in rows.enumerated() {
        values[row] = Int8(get(item))
        mark(row)
      }
      return array(values, arrowStrings(names))
    case .symbol(let get):
      // Only the names that the batch has: a trace may have many users.
      let values = memory.block(count, of: Int32.self)
      var names: [String] = []
      var places: [UInt32: Int32] = [:]
      for (row, item) in rows.enumerated() {
        let number = get(item)
        guard number != 0, Int(number) < symbols.count else { continue }
        if places[number] == nil {
          places[number] = Int32(names.count)
          names.append(symbols[Int(number)])
        }
        values[row] = places[number] ?? 0
        mark(row)
      }
      return array(values, arrowStrings(names))
    }
  }
}

/// Strings as an Arrow array of type utf8.
private func arrowStrings(_ strings: [String]) -> ArrowArray {
  let memory = ArrowMemory()
  let offsets = memory.block(strings.count + 1, of: Int32.self)
  var bytes: [UInt8] = []
  for (place, string) in strings.enumerated() {
    bytes += string.utf8
    offsets[place + 1] = Int32(clamping: bytes.count)
  }
  let values = memory.block(bytes.count, of: UInt8.self)
  values.update(from: bytes, count: bytes.count)
  return memory.array(
    length: strings.count, nulls: 0,
    buffers: [nil, UnsafeRawPointer(offsets), UnsafeRawPointer(values)])
}

/// What stands behind an exported stream.
private final class ArrowStreamSource {
  private let schema: () -> ArrowSchema
  private var next: (() throws -> ArrowArray?)?
  private var failure: ContiguousArray<CChar>?

  init(schema: @escaping () -> ArrowSchema, next: @escaping () throws -> ArrowArray?) {
    self.schema = schema
    self.next = next
  }

  func export(to out: UnsafeMutablePointer<ArrowArrayStream>) {
    out.pointee = ArrowArrayStream()
    out.pointee.private_data = Unmanaged.passRetained(self).toOpaque()
    out.pointee.get_schema = { stream, schema in
      guard let source = ArrowStreamSource.of(stream), let schema else { return 22 }
      schema.initialize(to: source.schema())
      return 0
    }
    out.pointee.get_next = { stream, array in
      guard let source = ArrowStreamSource.of(stream), let array else { return 22 }
      return source.take(array)
    }
    out.pointee.get_last_error = { stream in
      ArrowStreamSource.of(stream)?.failure?.withUnsafeBufferPointer { $0.baseAddress }
    }
    out.pointee.release = { stream in
      guard let stream, let source = stream.pointee.private_data else { return }
      stream.pointee.release = nil
      stream.pointee.private_data = nil
      Unmanaged<ArrowStreamSource>.fromOpaque(source).release()
    }
  }

  private static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> ArrowStreamSource? {
    stream?.pointee.private_data.map {
      Unmanaged<ArrowStreamSource>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// The next batch; one that is released already is the end.
  private func take(_ array: UnsafeMutablePointer<ArrowArray>) -> CInt {
    array.initialize(to: ArrowArray())
    do {
      if let batch = try next?() { array.pointee = batch } else { next = nil }
      return 0
    } catch {
      next = nil
      failure = "\(error)".utf8CString
      return 5  // EIO
    }
  }
}
