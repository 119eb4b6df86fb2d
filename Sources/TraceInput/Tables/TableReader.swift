import Diagnostics
import Threads

/// Reads one part of a table, row by row.
package protocol TablePart: Sendable {
  associatedtype Row

  /// What was counted since it was last taken away.
  var tally: PartTally { get set }

  /// Calls `body` with every good row, and `flush` now and then. A `RowError` from `body` makes the
  /// row a bad one: in lenient mode it goes to the tally, else it is thrown.
  mutating func read(
    _ stream: any ByteStream, file: String, _ body: (Row) throws(RowError) -> Void,
    flush: (inout PartTally) throws(TraceError) -> Void
  ) throws(TraceError)
}

/// What is counted besides the rows themselves.
package struct PartTally: Sendable {
  /// Rows seen, bad ones included, headers not.
  package var rows = 0
  /// Comment lines passed over.
  package var comments = 0
  /// Bad rows, in lenient mode.
  package var rejects: [RejectedRow] = []
  /// The comment lines at the part's beginning, where the syntax keeps them.
  package var header: [String] = []

  package init(rows: Int = 0, rejects: [RejectedRow] = []) {
    self.rows = rows
    self.rejects = rejects
  }

  /// What was counted; then counts from nought.
  package mutating func take() -> PartTally {
    defer { self = PartTally() }
    return self
  }
}

/// The rows of a table. In strict mode the first bad row throws; in lenient mode it is rejected and
/// counted, and so is what follows the damage in a damaged part.
package struct TableReader<Part: TablePart> {
  private let group: TraceInput.Group
  private let blank: Part
  private let options: ReadOptions
  /// Rows seen, bad ones included, headers not.
  package private(set) var rows = 0
  /// Comment lines passed over.
  package private(set) var comments = 0
  /// The comment lines of the first part that has any.
  package private(set) var header: [String] = []

  /// - Parameter part: a reader of parts that has read nothing yet.
  package init(_ group: TraceInput.Group, reading part: Part, options: ReadOptions) {
    self.group = group
    blank = part
    self.options = options
  }

  /// Calls `body` with every good row, one part after another. A `RowError` from `body` makes the row
  /// a bad one. With more than one thread, the parts are inflated on another one.
  package mutating func forEachRow(_ body: (Part.Row) throws(RowError) -> Void) throws(TraceError) {
    var parts = PartCursor(group, options)
    while true {
      var part = blank
      do throws(TraceError) {
        guard let (file, stream) = try parts.next() else { return }
        try part.read(
          options.threads > 1 ? ReadAheadStream(stream) : stream, file: file.name, body,
          flush: { tally throws(TraceError) in try add(tally.take()) })
      } catch {
        try add(part.tally.take())
        try add(Self.damage(error, isLenient: options.rejects != nil))
      }
      try add(part.tally.take())
    }
  }

  /// Makes an item of every good row, on any thread where parts can be read at the same time, and
  /// calls `body` with the items in their order.
  package mutating func forEachRow<Item: Sendable>(
    _ parse: @escaping @Sendable (Part.Row) throws(RowError) -> Item,
    _ body: (Item) throws(TraceError) -> Void
  ) throws(TraceError) {
    guard options.threads > 1, group.isParallel else {
      var failure: TraceError?
      try forEachRow { row throws(RowError) in
        let item = try parse(row)
        guard failure == nil else { return }
        do throws(TraceError) { try body(item) } catch { failure = error }
      }
      if let failure { throw failure }
      return
    }
    let (blank, isLenient) = (blank, options.rejects != nil)
    let opening = PartOpening(options)
    opening.meter?.expect(bytes: group.files.reduce(0) { $0 + ($1.size ?? 0) })
    let files = group.files
    try OrderedWork<Chunk<Item>>.forEach(
      files.count, threads: options.threads,
      job: { number, emit throws(TraceError) in
        let file = files[number]
        var part = blank
        var items: [Item] = []
        do throws(TraceError) {
          try part.read(
            try opening.open(file), file: file.name,
            { row throws(RowError) in items.append(try parse(row)) },
            flush: { tally throws(TraceError) in
              try emit(Chunk(items: items, tally: tally.take()))
              items.removeAll(keepingCapacity: true)
            })
        } catch {
          try emit(Chunk(items: items, tally: part.tally.take()))
          items = []
          part.tally = try Self.damage(error, isLenient: isLenient)
        }
        try emit(Chunk(items: items, tally: part.tally))
      },
      commit: { chunk throws(TraceError) in
        for item in chunk.items { try body(item) }
        try add(chunk.tally)
      })
  }

  private struct Chunk<Item: Sendable>: Sendable {
    var items: [Item]
    var tally: PartTally
  }

  /// What damage counts as in lenient mode: one row, whatever the rest of the part was.
  private static func damage(
    _ error: TraceError, isLenient: Bool
  ) throws(TraceError) -> PartTally {
    guard isLenient, let rejected = RejectedRow(restOfPart: error) else { throw error }
    return PartTally(rows: 1, rejects: [rejected])
  }

  private mutating func add(_ tally: PartTally) throws(TraceError) {
    rows += tally.rows
    comments += tally.comments
    if header.isEmpty { header = tally.header }
    for row in tally.rejects { try options.rejects?.add(row) }
  }
}

/// What opening a part depends on, of all `ReadOptions`: what threads can share.
private struct PartOpening: Sendable {
  let meter: ReadMeter?
  private let limit: Int

  init(_ options: ReadOptions) {
    meter = options.meter
    limit = options.maximumExpansion
  }

  func open(_ file: TraceInput.File) throws(TraceError) -> PeekableStream {
    try PartCursor.open(file, meter: meter, limit: limit)
  }
}
