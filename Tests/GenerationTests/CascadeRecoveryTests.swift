import CVectorMath
import Fitting
import Testing
import Workload

@testable import Generation

/// Markovian arrival processes of 2, 4 and 8 states, drawn and fitted again.
@Suite(.enabled(if: isSlow, Comment(rawValue: notSlow))) struct CascadeRecoveryTests {
  private static let stages = [
    ArrivalCascade.Stage(variance: 0.6, switching: 0.0005, skew: 0.6),
    ArrivalCascade.Stage(variance: 0.9, switching: 0.02, skew: 0.6),
    ArrivalCascade.Stage(variance: 1.3, switching: 1, skew: 0.6),
  ]

  /// Logarithms of variance and switching rate of each stage, fitted to `count` arrivals at 2 a second.
  private func fitted(_ stages: [ArrivalCascade.Stage], seed: UInt64, count: Int) throws -> [Double]
  {
    var clock = ArrivalClock(
      ArrivalModel(rate: 2, process: .cascade(stages.compactMap(\.process))), seed: seed)
    var counter = try ArrivalCounter(baseWindow: 0.125)
    var block = [Double](repeating: 0, count: GammaBridge.blockSize)
    for number in 0..<count / GammaBridge.blockSize {
      block.withUnsafeMutableBufferPointer { clock.times(of: number, into: $0) }
      for time in block { counter.add(at: max(time, counter.last)) }
    }
    let fit = try #require(
      ArrivalCascade.fit(counter.statistics(), rate: counter.rate, order: stages.count))
    return fit.cascade.stages.flatMap { [cvm_log($0.variance), cvm_log($0.switching)] }
  }

  /// What does not come back, by the number of stages and the parameter's place: within another stage a process runs by
  /// that one's clock, which the fitted formula takes to be the clock on the wall.
  private static let known: [Int: Set<Int>] = [2: [2, 3], 3: [3, 4, 5]]

  /// Estimates are within three standard errors, these from independent samples.
  @Test(arguments: [1, 2, 3]) func parametersComeBack(order: Int) throws {
    let stages = Array(Self.stages.suffix(order))
    let truth = stages.flatMap { [cvm_log($0.variance), cvm_log($0.switching)] }
    let estimates = try (1...12).map { try fitted(stages, seed: $0, count: 400_000) }
    for (place, value) in truth.enumerated() {
      let own = estimates.map { $0[place] }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count - 1)
      let error = variance.squareRoot()
      print(
        "\(1 << order) states, parameter \(place): \(value), mean \(mean), standard error \(error)")
      withKnownIssue("the clocks of inner stages") {
        #expect(abs(mean - value) < 3 * error, "\(mean), not \(value) ± \(error)")
      } when: {
        Self.known[order]?.contains(place) == true
      }
      #expect(error < 0.7)
    }
  }
}
