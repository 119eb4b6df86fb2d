import Simulation
import Testing
import Workload

/// Poisson arrivals of one-core tasks whose run times come from `sample`.
struct QueueSource: WorkloadSource {
  let rate: Double
  let count: Int
  var arrivals: RandomStream
  var services: RandomStream
  let sample: @Sendable (inout RandomStream) -> Double
  private var produced = 0
  private var clock = 0.0

  init(
    rate: Double, count: Int, seed: UInt64,
    sample: @escaping @Sendable (inout RandomStream) -> Double
  ) {
    self.rate = rate
    self.count = count
    arrivals = RandomStream(seed: seed, name: "arrivals")
    services = RandomStream(seed: seed, name: "services")
    self.sample = sample
  }

  mutating func next() -> TaskRecord? {
    guard produced < count else { return nil }
    produced += 1
    clock += arrivals.exponential(mean: 1 / rate)
    return task(Int64(produced), at: clock, runs: sample(&services))
  }
}

/// Erlang's C: the probability that a task waits, with `load` erlangs on `servers`.
func erlangC(servers: Int, load: Double) -> Double {
  var blocking = 1.0
  for server in 1...servers { blocking = load * blocking / (Double(server) + load * blocking) }
  let utilisation = load / Double(servers)
  return blocking / (1 - utilisation * (1 - blocking))
}

/// Student's t quantile 0.995 at 29 degrees of freedom.
let t29 = 2.756

/// Mean and 99 % half-width over 30 values.
func interval(_ values: [Double]) -> (mean: Double, halfWidth: Double) {
  let n = Double(values.count)
  let mean = values.reduce(0, +) / n
  let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)
  return (mean, t29 * (variance / n).squareRoot())
}

@Suite struct TheoryTests {
  /// Mean waits over 30 seeds on one machine of `servers` cores, first come first served.
  private func waits(
    servers: Int, rate: Double, count: Int,
    sample: @escaping @Sendable (inout RandomStream) -> Double
  ) throws -> (mean: Double, halfWidth: Double) {
    let layout = try machines([(Double(servers), 0)])
    return interval(
      try (0..<30).map { seed in
        try Simulator(cluster: layout, policy: FirstFit(), seed: 1)
          .run(QueueSource(rate: rate, count: count, seed: UInt64(seed), sample: sample))
          .total.wait.mean / 1e6
      })
  }

  @Test func mm1() throws {
    // W_q = ρ / (μ - λ) at λ = 0.5, μ = 1: 1 s.
    let wait = try waits(servers: 1, rate: 0.5, count: 4000) { $0.exponential(mean: 1) }
    #expect(abs(wait.mean - 1) < wait.halfWidth)
    #expect(wait.halfWidth < 0.1)
  }

  @Test func mmc() throws {
    // W_q = C(c, a) / (cμ - λ) with c = 5, a = 4, μ = 1.
    let wait = try waits(servers: 5, rate: 4, count: 4000) { $0.exponential(mean: 1) }
    let expected = erlangC(servers: 5, load: 4) / (5 - 4)
    #expect(abs(wait.mean - expected) < wait.halfWidth)
    #expect(wait.halfWidth < 0.1)
  }

  @Test func md1() throws {
    // Pollaczek-Khinchine, W_q = λ E[S²] / (2 (1 - ρ)), with constant S = 1 and λ = 0.5: 0.5 s.
    let wait = try waits(servers: 1, rate: 0.5, count: 4000) { _ in 1 }
    #expect(abs(wait.mean - 0.5) < wait.halfWidth)
    #expect(wait.halfWidth < 0.05)
  }
}
