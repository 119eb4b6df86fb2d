import Diagnostics
import Threads
import TraceInput
import Workload

extension EventPipeline {
  /// Keeps the lives of a share of the parts, or takes those that were kept in place of all parts. What
  /// comes out of all shares is what `run` gives.
  ///
  /// Memory: the lives of a part, for as many parts as threads.
  func run(_ split: PartSplit) throws(TraceError) {
    switch split {
    case .writing(let sink): try write(to: sink)
    case .reading(let source): try read(from: source)
    }
  }

  private enum Chunk: Sendable {
    case lives(part: Int, [UInt8])
    /// What is known of a part besides its lives: the last of its pieces.
    case head(part: Int, PartFragment, [UInt8])
  }

  /// About so many bytes of lives are a piece.
  private static let pieceBytes = 1 << 20

  private func write(to sink: any FragmentSink) throws(TraceError) {
    let share = sink.share(of: files)
    try OrderedWork<Chunk>.forEach(
      share.count, threads: threads,
      job: { number, emit throws(TraceError) in
        let part = share.lowerBound + number
        var (piece, count) = ([UInt8](), 0)
        let fragment = try self.fragment(ofParts: part..<part + 1, origin: "", after: .zero) {
          (life) throws(TraceError) in
          piece.append(contentsOf: life)
          count += life.count
          guard piece.count >= Self.pieceBytes else { return }
          try emit(.lives(part: part, piece))
          piece.removeAll(keepingCapacity: true)
        }
        if !piece.isEmpty { try emit(.lives(part: part, piece)) }
        let head = try fragment.head(livesCount: count, self.files[part].name)
        try emit(.head(part: part, fragment, head))
      },
      commit: { chunk throws(TraceError) in
        switch chunk {
        case .lives(let part, let bytes), .head(let part, _, let bytes):
          try sink.add(bytes, of: self.files[part])
        }
      })
  }

  private func read(from source: any FragmentSource) throws(TraceError) {
    var stretches: PackedStretches?
    try OrderedWork<Chunk>.forEach(
      files.count, threads: threads,
      job: { part, emit throws(TraceError) in
        let file = self.files[part]
        let count = try source.pieces(of: file)
        guard count > 0,
          let fragment = PartFragment(
            body: try source.piece(count - 1, of: file), hasLives: false)
        else {
          throw TraceError(.damaged, "what was kept of this part is damaged", file: file.name)
        }
        try emit(.head(part: part, fragment, []))
        for piece in 0..<count - 1 {
          try emit(.lives(part: part, try source.piece(piece, of: file)))
        }
      },
      commit: { chunk throws(TraceError) in
        switch chunk {
        case .head(let part, let next, _):
          try self.checkOrder(next, of: part)
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
