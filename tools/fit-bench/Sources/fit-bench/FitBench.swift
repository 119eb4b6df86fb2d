import Fitting
import Foundation
import Workload

/// `fit-bench FILE…`: each file holds float64 numbers, little-endian. Prints one JSON line a
/// measurement, in CPU-seconds of this process (all threads).
@main
struct FitBench {
  static func main() async throws {
    for path in CommandLine.arguments.dropFirst() {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      let values = data.withUnsafeBytes { bytes in
        (0..<bytes.count / 8).map {
          Double(
            bitPattern: UInt64(
              littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
        }
      }
      try await measure(values)
    }
  }

  static func measure(_ values: [Double]) async throws {
    let n = values.count
    // Sorting and logarithms are part of the search.
    let tail = try time("xmin search", n, repeats: n <= 100_000 ? 5 : 1) {
      try TailSample(values).powerLaw()
    }
    FileHandle.standardError.write(
      Data("\(n): xmin \(tail.xmin), exponent \(tail.exponent)\n".utf8))
    let sample = try TailSample(values)
    _ = try time("likelihood ratios", n, repeats: 1) {
      try TailAlternative.allCases.map { try sample.compare(tail, with: $0) }
    }
    // Screening, logarithms, moments and fit.
    let often = max(10, 1_000_000 / n)
    _ = try time("lognormal", n, repeats: often) {
      try SampleStatistics(screening: values).fit(.lognormal)
    }
    var total = 0.0
    time("sum", n, repeats: often) { total += values.reduce(0, +) }
    FileHandle.standardError.write(Data("sum \(total)\n".utf8))
    let column = try Sample(values)
    for family in [Family.weibull, .gamma, .logLogistic, .generalizedPareto] {
      _ = try time(family.rawValue, n, repeats: 1) { try column.fit(family) }
    }
    guard n == 10_000 else { return }
    for threads in [1, 2] {
      let started = clock()
      let wall = ContinuousClock.now
      let stream = RandomStream(seed: 1, name: "bench")
      let p = await sample.pValue(of: tail, .init(replicates: 1000), threads: threads) {
        stream.at($0)
      }
      report("p-value, 1000 replicates, \(threads) threads", n, started)
      FileHandle.standardError.write(
        Data("p = \(p.value), wall \(ContinuousClock.now - wall)\n".utf8))
    }
  }

  static func time<R>(_ name: String, _ n: Int, repeats: Int, _ body: () throws -> R) rethrows -> R
  {
    var result = try body()
    let started = clock()
    for _ in 0..<repeats { result = try body() }
    report(name, n, started, repeats)
    withExtendedLifetime(result) {}
    return result
  }

  static func report(_ name: String, _ n: Int, _ started: clock_t, _ repeats: Int = 1) {
    let seconds = Double(clock() - started) / Double(CLOCKS_PER_SEC) / Double(repeats)
    print(#"{"what": "\#(name)", "n": \#(n), "cpu": \#(seconds)}"#)
  }
}
