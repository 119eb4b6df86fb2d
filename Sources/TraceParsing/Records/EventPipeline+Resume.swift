import Diagnostics
import Foundation
import Threads
import TraceInput
import Workload

extension EventPipeline {
  /// Reads everything part by part, keeps each finished unit of parts in `work`, and takes those that are
  /// there already from it. What comes out is what `run` gives. Returns what the user should know.
  ///
  /// Memory: the lives of a unit of parts, for as many units as threads.
  func run(keeping work: WorkFolder, table: String) throws(TraceError) -> [Note] {
    guard isParallel else {
      try run()
      return [
        Note(.resumed, "", "resume: the parts are in one stream, which is read from its beginning")
      ]
    }
    let job = FragmentJob(self, work, table: table)
    try OrderedWork<Int>.forEach(
      job.units.count, threads: threads,
      job: { unit, emit throws(TraceError) in
        try job.prepare(unit)
        try emit(unit)
      },
      commit: { unit throws(TraceError) in
        try self.commit(job.fragment(unit, after: self.lastTime))
      })
    return job.notes
  }

  /// Adds a part's fragment; those of the parts before are there.
  private func commit(_ fragment: PartFragment) throws(TraceError) {
    try add(fragment.lives, of: begin(fragment))
  }

  /// Adds what is known of a part besides its lives; returns what takes these.
  func begin(_ fragment: PartFragment) throws(TraceError) -> PackedStretches {
    lastTime = max(lastTime, fragment.latest)
    survey.add(fragment.survey)
    for row in fragment.rejects { try options.rejects?.add(row) }
    keptTransitions += fragment.transitions
    keptLastTime = max(keptLastTime, fragment.latest)
    return PackedStretches(
      users: [0] + fragment.names.map { users.intern($0) }, sets: fragment.requests,
      shards: shards.count)
  }

  /// Adds packed lives of a part.
  func add(_ lives: [UInt8], of stretches: PackedStretches) throws(TraceError) {
    try stretches.take(lives)
    for shard in shards.indices { try shards[shard].add(stretches, shard: shard) }
  }

  /// Reads some parts by themselves.
  fileprivate func fragment(
    ofParts parts: Range<Int>, origin: String, after before: Microseconds
  ) throws(TraceError) -> PartFragment {
    var lives: [UInt8] = []
    var fragment = try fragment(ofParts: parts, origin: origin, after: before) { bytes in
      lives.append(contentsOf: bytes)
    }
    fragment.lives = lives
    return fragment
  }

  /// Reads some parts by themselves, and gives the packed lives one after another when all are known.
  func fragment(
    ofParts parts: Range<Int>, origin: String, after before: Microseconds,
    _ take: (UnsafeRawBufferPointer) throws(TraceError) -> Void
  ) throws(TraceError) -> PartFragment {
    var assembler = LifecycleAssembler(
      bufferBytes: options.sortBufferBytes / threads, directory: options.temporaryDirectory)
    var fragment = PartFragment(
      origin: origin, survey: TableSurvey(), names: [], rejects: [],
      transitions: TransitionCounts(), earliest: .never, latest: .zero, requests: [], lives: [])
    let batch = EventBatch()
    var users = SymbolTable()
    var last = before
    for part in parts {
      var isAtEnd = false
      var source: EventPart?
      // The unit's numbers of the part's users.
      var numbers: [UInt32] = [0]
      while !isAtEnd {
        batch.removeAll()
        do throws(TraceError) {
          if source == nil {
            source = openPart(
              files[part].name,
              try PartCursor.open(
                files[part], meter: options.meter, limit: options.maximumExpansion), last)
          }
          isAtEnd = try source?.fill(batch) != true
        } catch {
          guard options.rejects != nil, let rejected = RejectedRow(restOfPart: error) else {
            throw error
          }
          isAtEnd = true
          batch.rejects.append(rejected)
          batch.survey.rows += 1
        }
        for name in batch.newNames { numbers.append(users.intern(name)) }
        batch.userNumbers = numbers
        batch.divide(shards: 1, scratch: batch)
        try assembler.add(batch, shard: 0)
        fragment.survey.add(batch.survey)
        fragment.rejects += batch.rejects
        fragment.earliest = min(fragment.earliest, batch.earliest)
        fragment.latest = max(fragment.latest, batch.latest)
      }
      last = max(last, fragment.latest)
    }
    fragment.names = Array(users.strings.dropFirst())
    fragment.transitions = assembler.transitions
    let store = try assembler.close()
    try store.forEachLife { (bytes, size) throws(TraceError) in
      try take(UnsafeRawBufferPointer(start: bytes, count: size))
    }
    fragment.requests = store.requests.sets
    return fragment
  }
}

/// Makes the fragments of all parts, or finds them in the work folder.
///
/// What is kept together is a unit of parts: a file for each of very many small parts would take longer
/// than to read them.
private final class FragmentJob: @unchecked Sendable {
  /// About so many units a trace has at most; parts are their own where there are fewer.
  private static let unitLimit = 512
  let units: [Range<Int>]
  private let pipeline: EventPipeline
  private let folder: WorkFolder
  private let settings: String
  private let lock = NSLock()
  // Guarded by `lock`.
  private var found = 0
  private var stale: [String] = []

  init(_ pipeline: EventPipeline, _ folder: WorkFolder, table: String) {
    self.pipeline = pipeline
    self.folder = folder
    let count = pipeline.files.count
    let size = max(1, (count + Self.unitLimit - 1) / Self.unitLimit)
    units = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    let options = pipeline.options
    settings =
      "\(table), tolerance \(options.timeTolerance.rawValue), lenient \(options.rejects != nil), "
      + "expansion \(options.maximumExpansion), alloc sets \(options.includesAllocSets)"
  }

  /// What was found in the folder.
  var notes: [Note] {
    var notes: [Note] = []
    if found > 0 {
      notes.append(
        Note(
          .resumed, "", ["parts": Double(found)],
          "resume: \(found) of \(pipeline.files.count) parts were done already"))
    }
    if !stale.isEmpty {
      notes.append(
        Note(
          .resumed, stale.sorted()[0], ["parts_read_again": Double(stale.count)],
          "resume: kept work on \(stale.count) \(stale.count == 1 ? "part" : "parts") is damaged or of other "
            + "input or settings: read again (\(stale.sorted()[0]) first)"))
    }
    return notes
  }

  /// Reads a unit's parts, unless the folder has them.
  func prepare(_ unit: Int) throws(TraceError) {
    let path = folder.file(ofPart: unit)
    let origin = origin(of: unit)
    if FileManager.default.fileExists(atPath: path) {
      if let known = PartFragment(path: path), known.origin == origin {
        lock.withLock { found += units[unit].count }
        return
      }
      lock.withLock { stale += units[unit].map { pipeline.files[$0].name } }
    }
    try pipeline.fragment(ofParts: units[unit], origin: origin, after: .zero).write(to: path)
  }

  /// The fragment of a unit; the parts before end at `before`.
  func fragment(_ unit: Int, after before: Microseconds) throws(TraceError) -> PartFragment {
    let path = folder.file(ofPart: unit)
    let origin = origin(of: unit)
    if let known = PartFragment(path: path), known.origin == origin {
      let isInOrder =
        !known.earliest.isKnown || known.earliest + pipeline.options.timeTolerance >= before
      if isInOrder { return known }
    }
    // It begins before the parts before it ended, which it did not know.
    return try pipeline.fragment(ofParts: units[unit], origin: origin, after: before)
  }

  /// The unit's files and the settings they are read with, in words.
  private func origin(of unit: Int) -> String {
    units[unit].map { file(ofPart: $0) }.joined(separator: "; ") + "; \(settings)"
  }

  /// A part's file, and how to tell whether it is still the same.
  private func file(ofPart part: Int) -> String {
    var status = stat()
    let file = pipeline.files[part]
    guard case .file(let path) = file.location, stat(path, &status) == 0 else { return "" }
    #if os(Linux)
      let changed = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    #else
      let changed = "\(status.st_mtimespec.tv_sec).\(status.st_mtimespec.tv_nsec)"
    #endif
    return "\(path), \(status.st_size) bytes, changed \(changed)"
  }
}

extension Note.Kind {
  /// What `--resume` found of an earlier conversion.
  public static let resumed = Note.Kind(rawValue: "resumed")
}
