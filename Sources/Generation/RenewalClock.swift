import Fitting
import Synchronization
import Workload

/// Arrivals whose gaps are independent and of one law: a block of them, any block after those before it have been
/// added up once, which all copies share.
struct RenewalClock: Sendable {
  private let sampler: MarginSampler
  private let stream: RandomStream
  /// From the law's units to seconds.
  private let scale: Double
  private let begins = Begins()

  /// Where each block begins, as far as known.
  private final class Begins: Sendable {
    let known = Mutex<[Double]>([0])
  }

  /// Gaps of `law`, stretched to `rate` jobs a second.
  init(_ law: Law, rate: Double, seed: UInt64) {
    sampler = MarginSampler(law)
    stream = RandomStream(seed: seed, name: "arrivals")
    scale = 1 / (rate * law.mean)
  }

  private func gaps(of block: Int, into gaps: UnsafeMutableBufferPointer<Double>) {
    stream.openUniforms(from: UInt64(block * gaps.count), into: gaps)
    sampler.transform(gaps)
  }

  private func begin(of block: Int, size: Int) -> Double {
    begins.known.withLock { known in
      if known.count <= block {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { part in
          while known.count <= block {
            gaps(of: known.count - 1, into: part)
            known.append(known[known.count - 1] + part.reduce(0, +))
          }
        }
      }
      return known[block]
    }
  }

  /// The times of a block's jobs, ascending.
  func times(of block: Int, into times: UnsafeMutableBufferPointer<Double>) {
    var time = begin(of: block, size: times.count)
    gaps(of: block, into: times)
    var sum = 0.0
    let start = time
    for place in times.indices {
      sum += times[place]
      time = start + sum
      times[place] = time * scale
    }
  }
}
