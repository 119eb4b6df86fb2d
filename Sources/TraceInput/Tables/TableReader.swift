import Diagnostics
import Threads

/// Reads one part of a table, row by row.
package protocol TablePart: Sendable {
  associatedtype Row

  /// What was counted since it was last taken away.
  var tally: PartTally { get set }

  /// Where its text can be divided for several readers; nil where it cannot.
  var splitting: TextSplitting? { get }

  /// A reader of text that goes on at `line`, behind what this one has read: it knows the header.
  func continuing(at line: Int) -> Self

  /// Calls `body` with every good row, and `flush` now and then. A `RowError` from `body` makes the
  /// row a bad one: in lenient mode it goes to the tally, else it is thrown.
  mutating func read(
    _ stream: any ByteStream, file: String, _ body: (Row) throws(RowError) -> Void,
    flush: (inout PartTally) throws(TraceError) -> Void
  ) throws(TraceError)
}

extension TablePart {
  package var splitting: TextSplitting? { nil }
  package func continuing(at line: Int) -> Self { self }
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
  /// Whether the header's lines stand behind others of the same part.
  package var goesOn = false

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

  /// Makes an item of every good row, on any thread, and calls `body` with the items in their order.
  package mutating func forEachRow<Item: Sendable>(
    _ parse: @escaping @Sendable (Part.Row) throws(RowError) -> Item,
    _ body: (Item) throws(TraceError) -> Void
  ) throws(TraceError) {
    if let split = options.split { return try forEachRow(split, parse, body) }
    try forEachChunk(
      worker: { Items<Item>() },
      row: { items, row throws(RowError) in items.list.append(try parse(row)) },
      take: { $0.take() },
      commit: { items throws(TraceError) in for item in items { try body(item) } })
  }

  private final class Items<Item: Sendable>: @unchecked Sendable {
    var list: [Item] = []
    func take() -> [Item] {
      defer { list.removeAll(keepingCapacity: true) }
      return list
    }
  }

  /// Gives every good row to a worker, and what the workers made of rows to `commit`, in the order of the
  /// rows, whatever the number of threads. Parts that are files are read at the same time, and so are pieces
  /// of one file where its text can be divided.
  ///
  /// - Parameters:
  ///   - worker: makes a worker; there is one for each thread.
  ///   - row: takes a row, on the worker's thread.
  ///   - take: takes away what the worker has made.
  ///   - commit: is called by one thread at a time.
  package mutating func forEachChunk<Worker: AnyObject & Sendable, Chunk: Sendable>(
    worker make: @escaping @Sendable () -> Worker,
    row take: @escaping @Sendable (Worker, Part.Row) throws(RowError) -> Void,
    take chunk: @escaping @Sendable (Worker) -> Chunk,
    commit: (Chunk) throws(TraceError) -> Void
  ) throws(TraceError) {
    let isLenient = options.rejects != nil
    let reading = PartReading<Part, Worker, Chunk>(
      workers: WorkerPool(make), row: take, chunk: chunk, isLenient: isLenient)
    let blank = blank
    if options.threads > 1, group.isParallel, group.files.count >= options.threads {
      let opening = PartOpening(options)
      opening.meter?.expect(bytes: group.files.reduce(0) { $0 + ($1.size ?? 0) })
      let files = group.files
      return try OrderedWork<Tallied<Chunk>>.forEach(
        files.count, threads: options.threads,
        job: { number, emit throws(TraceError) in
          var part = blank
          let file = files[number]
          do throws(TraceError) {
            try reading.read(&part, try opening.open(file), file.name, emit)
          } catch {
            // It could not be opened, or strictly read.
            let tally = try Self.damage(error, isLenient: isLenient)
            try emit(Tallied(chunk: nil, tally: tally))
          }
        },
        commit: { tallied throws(TraceError) in
          if let chunk = tallied.chunk { try commit(chunk) }
          try add(tallied.tally)
        })
    }
    var parts = PartCursor(group, options)
    while true {
      do throws(TraceError) {
        guard let (file, stream) = try parts.next() else { return }
        let name = file.name
        if options.threads > 1, let splitting = blank.splitting,
          file.size.map({ $0 > TextPieces.pieceBytes }) ?? true
        {
          let pieces = TextPieces(stream, splitting)
          let opened = OpenedPart<Part>()
          try OrderedWork<Tallied<Chunk>>.forEach(
            threads: options.threads, while: { pieces.hasMore },
            job: { number, emit throws(TraceError) in
              guard let piece = try pieces.take(number) else { return }
              var part = blank
              if number > 0 { part = opened.part.continuing(at: piece.line) }
              defer { if number == 0 { opened.publish(part) } }
              try reading.read(&part, piece.stream, name, emit)
            },
            commit: { tallied throws(TraceError) in
              if let chunk = tallied.chunk { try commit(chunk) }
              try add(tallied.tally)
            })
        } else {
          var part = blank
          try reading.read(
            &part, options.threads > 1 ? ReadAheadStream(stream) : stream, name,
            { tallied throws(TraceError) in
              if let chunk = tallied.chunk { try commit(chunk) }
              try add(tallied.tally)
            })
        }
      } catch {
        try add(try Self.damage(error, isLenient: isLenient))
      }
    }
  }

  /// Reads a part by itself.
  private func chunks<Item: Sendable>(
    of files: ArraySlice<TraceInput.File>,
    _ parse: @escaping @Sendable (Part.Row) throws(RowError) -> Item
  ) -> OrderedWork<TableChunk<Item>>.Job {
    let (blank, isLenient) = (blank, options.rejects != nil)
    let opening = PartOpening(options)
    opening.meter?.expect(bytes: files.reduce(0) { $0 + ($1.size ?? 0) })
    return { number, emit throws(TraceError) in
      let file = files[files.startIndex + number]
      var part = blank
      var items: [Item] = []
      do throws(TraceError) {
        try part.read(
          try opening.open(file), file: file.name,
          { row throws(RowError) in items.append(try parse(row)) },
          flush: { tally throws(TraceError) in
            try emit(TableChunk(part: number, items: items, tally: tally.take()))
            items.removeAll(keepingCapacity: true)
          })
      } catch {
        try emit(TableChunk(part: number, items: items, tally: part.tally.take()))
        items = []
        part.tally = try Self.damage(error, isLenient: isLenient)
      }
      try emit(TableChunk(part: number, items: items, tally: part.tally))
    }
  }

  /// Keeps what a share of the parts holds, or takes what was kept.
  private mutating func forEachRow<Item: Sendable>(
    _ split: PartSplit, _ parse: @escaping @Sendable (Part.Row) throws(RowError) -> Item,
    _ body: (Item) throws(TraceError) -> Void
  ) throws(TraceError) {
    guard let kind = Item.self as? any (FragmentItem & Sendable).Type, group.isSplittable else {
      throw TraceError(
        .unrecognised, "this table is not read part by part, so the work cannot be split",
        file: group.files[0].name)
    }
    switch split {
    case .writing(let sink):
      let files = group.files[sink.share(of: group.files)]
      try OrderedWork<TableChunk<Item>>.forEach(
        files.count, threads: options.threads, job: chunks(of: files, parse),
        commit: { chunk throws(TraceError) in
          try sink.add(chunk.encoded(as: kind), of: files[files.startIndex + chunk.part])
        })
    case .reading(let source):
      let files = group.files
      try OrderedWork<TableChunk<Item>>.forEach(
        files.count, threads: options.threads,
        job: { number, emit throws(TraceError) in
          for piece in 0..<(try source.pieces(of: files[number])) {
            let bytes = try source.piece(piece, of: files[number])
            guard let chunk = TableChunk<Item>(bytes, as: kind, part: number) else {
              throw TraceError(
                .damaged, "what was kept of this part is damaged", file: files[number].name)
            }
            try emit(chunk)
          }
        },
        commit: { chunk throws(TraceError) in
          for item in chunk.items { try body(item) }
          try add(chunk.tally)
        })
    }
  }

  /// What damage counts as in lenient mode: one row, whatever the rest of the part was.
  fileprivate static func damage(
    _ error: TraceError, isLenient: Bool
  ) throws(TraceError) -> PartTally {
    guard isLenient, let rejected = RejectedRow(restOfPart: error) else { throw error }
    return PartTally(rows: 1, rejects: [rejected])
  }

  private mutating func add(_ tally: PartTally) throws(TraceError) {
    rows += tally.rows
    comments += tally.comments
    if header.isEmpty || tally.goesOn { header += tally.header }
    for row in tally.rejects { try options.rejects?.add(row) }
  }
}

/// What a worker made of rows, and what was counted with it.
private struct Tallied<Chunk: Sendable>: Sendable {
  var chunk: Chunk?
  var tally: PartTally
}

/// How text is read, on any thread.
private struct PartReading<
  Part: TablePart, Worker: AnyObject & Sendable, Chunk: Sendable
>: Sendable {
  let workers: WorkerPool<Worker>
  let row: @Sendable (Worker, Part.Row) throws(RowError) -> Void
  let chunk: @Sendable (Worker) -> Chunk
  let isLenient: Bool

  /// Reads some text and emits what becomes of it.
  func read(
    _ part: inout Part, _ stream: any ByteStream, _ file: String,
    _ emit: (Tallied<Chunk>) throws(TraceError) -> Void
  ) throws(TraceError) {
    let worker = workers.take()
    defer { workers.giveBack(worker) }
    do throws(TraceError) {
      try part.read(
        stream, file: file, { row throws(RowError) in try self.row(worker, row) },
        flush: { tally throws(TraceError) in
          try emit(Tallied(chunk: chunk(worker), tally: tally.take()))
        })
    } catch {
      try emit(Tallied(chunk: chunk(worker), tally: part.tally.take()))
      part.tally = try TableReader<Part>.damage(error, isLenient: isLenient)
    }
    try emit(Tallied(chunk: chunk(worker), tally: part.tally.take()))
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

/// Some rows of a part, made items, and what was counted beside them.
private struct TableChunk<Item: Sendable>: Sendable {
  /// The part's place among those that are read.
  var part: Int
  var items: [Item]
  var tally: PartTally

  init(part: Int, items: [Item], tally: PartTally) {
    (self.part, self.items, self.tally) = (part, items, tally)
  }

  /// As bytes; items are of this kind.
  func encoded<Kept: FragmentItem>(as kind: Kept.Type) -> [UInt8] {
    var out = FragmentEncoder()
    tally.encode(to: &out)
    out.put(items.count)
    for item in items { (item as? Kept)?.encode(to: &out) }
    return out.take()
  }

  /// What `encoded` gave; nil for anything else.
  init?<Kept: FragmentItem>(_ bytes: [UInt8], as kind: Kept.Type, part: Int) {
    var input = FragmentDecoder(bytes)
    let tally = PartTally(from: &input)
    let count = input.count()
    var items: [Item] = []
    items.reserveCapacity(count)
    for _ in 0..<count where !input.isDamaged {
      if let item = Kept(from: &input) as? Item { items.append(item) }
    }
    guard input.isAtEnd, !input.isDamaged, items.count == count else { return nil }
    self.init(part: part, items: items, tally: tally)
  }
}
