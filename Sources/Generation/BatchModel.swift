import Synchronization
import Workload

/// Jobs that come together: each, with probability ``share``, follows the one before it after one of ``gaps``
/// instead of coming by itself.
///
/// Those that do not are the arrival process, slowed down so that all together come at its rate. Groups have a
/// geometric law of mean 1 / (1 - share), and add 2 share / (1 - share) to the dispersion of counts in windows
/// that are longer than they. They end with each block of 256 jobs.
public struct BatchModel: Codable, Sendable, Hashable {
  /// Share of the jobs that follow, 0...1.
  public var share: Double
  /// Seconds after the one before, each as likely as another.
  public var gaps: [Double]

  /// Groups of these figures.
  public init(share: Double, gaps: [Double]) { (self.share, self.gaps) = (share, gaps) }

  /// What they add to the dispersion in windows of `t` seconds.
  func dispersion(_ t: Double) -> Double {
    guard share > 0, share < 1, !gaps.isEmpty else { return 0 }
    let length = gaps.reduce(0, +) / Double(gaps.count) / (1 - share)
    return 2 * share / (1 - share) * (length > 0 ? ArrivalCascade.saturation(t / length) : 1)
  }
}

/// A batch model made ready.
struct BatchSampler: Sendable {
  let model: BatchModel
  private let choice, gap: RandomStream
  private let counts = Counts()

  /// How many jobs before each block come by themselves, as far as known; all copies share it.
  private final class Counts: Sendable {
    let known = Mutex<[Int]>([0])
  }

  init(_ model: BatchModel, seed: UInt64) {
    self.model = model
    choice = RandomStream(seed: seed, name: "batch")
    gap = RandomStream(seed: seed, name: "batch gap")
  }

  /// Sets which jobs of a block follow the one before; the first never does. How many do not.
  private func choose(_ block: Int, into choices: UnsafeMutableBufferPointer<Double>) -> Int {
    choice.openUniforms(from: UInt64(block * choices.count), into: choices)
    choices[0] = 1
    return choices.count { $0 >= model.share }
  }

  /// Jobs before `block` that come by themselves. Amortised O(1) a block.
  private func leaders(before block: Int, size: Int) -> Int {
    counts.known.withLock { known in
      if known.count <= block {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { choices in
          while known.count <= block {
            known.append(known[known.count - 1] + choose(known.count - 1, into: choices))
          }
        }
      }
      return known[block]
    }
  }

  /// The times of a block: `place` gives the times of points of the arrival process, ascending, from a number
  /// on; the others follow.
  func times(
    of block: Int, into times: UnsafeMutableBufferPointer<Double>,
    _ place: (_ first: Int, UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    let size = times.count
    let first = leaders(before: block, size: size)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * size) { scratch in
      let choices = UnsafeMutableBufferPointer(rebasing: scratch[..<size])
      let gaps = UnsafeMutableBufferPointer(rebasing: scratch[size..<2 * size])
      let count = choose(block, into: choices)
      let own = UnsafeMutableBufferPointer(rebasing: scratch[2 * size..<2 * size + count])
      place(first, own)
      gap.openUniforms(from: UInt64(block * size), into: gaps)
      var leader = 0
      for job in 0..<size {
        if choices[job] >= model.share {
          times[job] = own[leader]
          leader += 1
        } else {
          let after = model.gaps[Int(gaps[job] * Double(model.gaps.count))]
          // Not beyond who comes next.
          let end = leader < count ? own[leader] : .infinity
          times[job] = min(times[job - 1] + after, max(end, times[job - 1]))
        }
      }
    }
  }
}
