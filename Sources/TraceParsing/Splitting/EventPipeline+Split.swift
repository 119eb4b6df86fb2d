import Diagnostics
import Threads
import TraceInput
import Workload

extension EventPipeline {
  /// Keeps the lives of a share of the parts, or takes those that were kept in place of all parts. What
  /// comes out of all shares is what `run` gives.
  ///
  /// Neighbouring parts of a share are read together as far as they are no larger than `unitBytes`: lives that
  /// go on from one to the next are joined there, and not once more by the merge.
  ///
  /// Memory: the lives of such a unit, for as many units as threads.
  func run(_ split: PartSplit) throws(TraceError) {
    switch split {
    case .writing(let sink): try write(to: sink)
    case .reading(let source): try read(from: source)
    }
  }

  private enum Chunk: Sendable {
    case lives(part: Int, [UInt8])
    /// What is known of parts besides their lives: the last of the pieces of the first.
    case head(parts: Range<Int>, PartFragment, [UInt8])
  }

  /// About so many bytes of lives are a piece.
  private static let pieceBytes = 1 << 20

  /// So many stored bytes of parts are read together at most.
  private static let unitBytes = 64 << 20
  /// A share has about so many units, if it has as many parts.
  private static let unitsAShare = 4

  /// The parts of a share that are read together.
  private func units(of share: Range<Int>) -> [Range<Int>] {
    let most = max(1, (share.count + Self.unitsAShare - 1) / Self.unitsAShare)
    var units: [Range<Int>] = []
    var bytes = 0
    for part in share {
      let size = files[part].size ?? Self.unitBytes
      if let last = units.last, last.count < most, bytes + size <= Self.unitBytes {
        units[units.count - 1] = last.lowerBound..<part + 1
        bytes += size
      } else {
        units.append(part..<part + 1)
        bytes = size
      }
    }
    return units
  }

  private func write(to sink: any FragmentSink) throws(TraceError) {
    let units = units(of: sink.share(of: files))
    try OrderedWork<Chunk>.forEach(
      units.count, threads: threads,
      job: { number, emit throws(TraceError) in
        let parts = units[number]
        let part = parts.lowerBound
        var (piece, count) = ([UInt8](), 0)
        let fragment = try self.fragment(ofParts: parts, origin: "", after: .zero) {
          (life) throws(TraceError) in
          piece.append(contentsOf: life)
          count += life.count
          guard piece.count >= Self.pieceBytes else { return }
          try emit(.lives(part: part, piece))
          piece.removeAll(keepingCapacity: true)
        }
        if !piece.isEmpty { try emit(.lives(part: part, piece)) }
        let head = try fragment.head(livesCount: count, self.files[part].name)
        try emit(.head(parts: parts, fragment, head))
      },
      commit: { chunk throws(TraceError) in
        switch chunk {
        case .lives(let part, let bytes):
          try sink.add(bytes, of: self.files[part])
        case .head(let parts, _, let bytes):
          let first = self.files[parts.lowerBound]
          try sink.add(bytes, of: first)
          for part in parts.dropFirst() { try sink.join(self.files[part], to: first) }
        }
      })
  }

  private func read(from source: any FragmentSource) throws(TraceError) {
    var stretches: PackedStretches?
    try OrderedWork<Chunk>.forEach(
      files.count, threads: threads,
      job: { part, emit throws(TraceError) in
        let file = self.files[part]
        if try source.isJoined(file) { return }
        let count = try source.pieces(of: file)
        guard count > 0,
          let fragment = PartFragment(
            body: try source.piece(count - 1, of: file), hasLives: false)
        else {
          throw TraceError(.damaged, "what was kept of this part is damaged", file: file.name)
        }
        try emit(.head(parts: part..<part + 1, fragment, []))
        for piece in 0..<count - 1 {
          try emit(.lives(part: part, try source.piece(piece, of: file)))
        }
      },
      commit: { chunk throws(TraceError) in
        switch chunk {
        case .head(let parts, let next, _):
          try self.checkOrder(next, of: parts.lowerBound)
          stretches = try self.begin(next)
        case .lives(let part, let bytes):
          do throws(TraceError) {
            if let stretches { try self.add(bytes, of: stretches) }
          } catch {
            guard error.code == .damaged else { throw error }
            throw TraceError(
              .damaged, "what was kept of this part is damaged", file: self.files[part].name)
          }
        }
      })
  }

  /// A part that was read by itself does not know the last time of those before it, which decides whether
  /// its first rows are in order.
  private func checkOrder(_ fragment: PartFragment, of part: Int) throws(TraceError) {
    guard fragment.earliest.isKnown, fragment.earliest + options.timeTolerance < lastTime else {
      return
    }
    throw TraceError(
      .disorder,
      "time \(fragment.earliest.rawValue) is \((lastTime - fragment.earliest).seconds) s before that of "
        + "an earlier part; parts are in order of time (--time-tolerance accepts disorder up to a bound; "
        + "one process that is --lenient leaves such rows out)", file: files[part].name)
  }
}
