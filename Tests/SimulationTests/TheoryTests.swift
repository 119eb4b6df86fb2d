import Foundation
import Simulation
import Testing
import Workload

/// Heavy suites run on request only; then a release build is the thing:
/// `TRACEMILL_SLOW=1 swift test -c release -Xswiftc -enable-testing --filter SlowTheoryTests`.
let isSlowWanted = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1"

/// Poisson arrivals of one-core tasks whose run times come from `sample`, of classes in turn drawn
/// by `classes`' shares.
struct QueueSource: WorkloadSource {
  let rate: Double
  let count: Int
  var arrivals: RandomStream
  var services: RandomStream
  var marks: RandomStream
  let shares: [(PriorityClass, Double)]
  let sample: @Sendable (inout RandomStream) -> Double
  private var produced = 0
  private var clock = 0.0

  init(
    rate: Double, count: Int, seed: UInt64, shares: [(PriorityClass, Double)] = [(.batch, 1)],
    sample: @escaping @Sendable (inout RandomStream) -> Double
  ) {
    self.rate = rate
    self.count = count
    self.shares = shares
    arrivals = RandomStream(seed: seed, name: "arrivals")
    services = RandomStream(seed: seed, name: "services")
    marks = RandomStream(seed: seed, name: "marks")
    self.sample = sample
  }

  mutating func next() -> TaskRecord? {
    guard produced < count else { return nil }
    produced += 1
    clock += arrivals.exponential(mean: 1 / rate)
    var record = task(Int64(produced), at: clock, runs: sample(&services))
    var mark = marks.uniform()
    record.priorityClass = shares.last?.0 ?? .batch
    for (priorityClass, share) in shares {
      mark -= share
      if mark < 0 {
        record.priorityClass = priorityClass
        break
      }
    }
    return record
  }
}

/// Erlang's C: the probability that a task waits, with `load` erlangs on `servers`.
func erlangC(servers: Int, load: Double) -> Double {
  var blocking = 1.0
  for server in 1...servers { blocking = load * blocking / (Double(server) + load * blocking) }
  let utilisation = load / Double(servers)
  return blocking / (1 - utilisation * (1 - blocking))
}

/// Mean and 99 % half-width over 30 values.
func interval(_ values: [Double]) -> (mean: Double, halfWidth: Double) {
  // Student's t quantile 0.995 at 29 degrees of freedom.
  let t29 = 2.756
  let n = Double(values.count)
  let mean = values.reduce(0, +) / n
  let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)
  return (mean, t29 * (variance / n).squareRoot())
}

/// Reports over 30 seeds on one machine of `servers` cores.
func reports(
  servers: Int, rate: Double, count: Int, warmUp: Double = 0,
  order: SimulationOptions.Order = .fifo, shares: [(PriorityClass, Double)] = [(.batch, 1)],
  sample: @escaping @Sendable (inout RandomStream) -> Double
) async throws -> [SimulationReport] {
  let layout = try machines([(Double(servers), 0)])
  return try await Replications.run(seeds: 1...30) { seed in
    var options = SimulationOptions()
    options.order = order
    options.warmUp = Microseconds(seconds: warmUp)
    return try Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
      .run(QueueSource(rate: rate, count: count, seed: seed, shares: shares, sample: sample))
  }
}

/// Mean waits in seconds over 30 seeds.
func waits(
  servers: Int, rate: Double, count: Int, warmUp: Double = 0,
  sample: @escaping @Sendable (inout RandomStream) -> Double
) async throws -> (mean: Double, halfWidth: Double) {
  interval(
    try await reports(servers: servers, rate: rate, count: count, warmUp: warmUp, sample: sample)
      .map { $0.total.wait.mean / 1e6 })
}

/// The stationary distribution of the machine repair problem: how many of `machines` are down.
func repairDistribution(machines: Int, crew: Int, failure: Double, repair: Double) -> [Double] {
  var weights = [1.0]
  for down in 1...machines {
    let rate = failure * Double(machines - down + 1) / (repair * Double(min(down, crew)))
    weights.append(weights[down - 1] * rate)
  }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}

/// Mean wait for a repairman over 30 seeds: a closed queue, made of chains of dependent tasks whose
/// think times are the machines' times to failure.
func repairWaits(
  machines count: Int, crew: Int, failure: Double, repair: Double, horizon: Double
) async throws -> (mean: Double, halfWidth: Double) {
  let layout = try machines([(Double(crew), 0)])
  let length = Int(horizon * (failure + repair))
  return interval(
    try await Replications.run(seeds: 1...30) { seed in
      var rng = RandomStream(seed: seed, name: "machine repair")
      var table = DependencyTable()
      var records: [TaskRecord] = []
      for machine in 0..<count {
        for index in 0..<length {
          var record = task(
            Int64(machine), at: index == 0 ? rng.exponential(mean: 1 / failure) : 0,
            runs: rng.exponential(mean: 1 / repair))
          record.id.index = Int32(index)
          records.append(record)
          guard index > 0 else { continue }
          table.add(
            record.id, after: TaskID(job: Int64(machine), index: Int32(index - 1)),
            think: Microseconds(seconds: rng.exponential(mean: 1 / failure)))
        }
      }
      var options = SimulationOptions()
      options.warmUp = Microseconds(seconds: horizon / 10)
      options.until = Microseconds(seconds: horizon)
      var simulator = Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
      simulator.dependencies = table
      return try simulator.run(TaskTable(records).source()).total.wait.mean / 1e6
    })
}

/// Mean wait by theory: tasks waiting over throughput (Little).
func repairTheory(machines: Int, crew: Int, failure: Double, repair: Double) -> Double {
  let distribution = repairDistribution(
    machines: machines, crew: crew, failure: failure, repair: repair)
  var waiting = 0.0
  var throughput = 0.0
  for (down, share) in distribution.enumerated() {
    waiting += share * Double(max(0, down - crew))
    throughput += share * failure * Double(machines - down)
  }
  return waiting / throughput
}

@Suite struct TheoryTests {
  @Test func mm1() async throws {
    // W_q = ρ / (μ - λ) at λ = 0.5, μ = 1: 1 s.
    let wait = try await waits(servers: 1, rate: 0.5, count: 3000) { $0.exponential(mean: 1) }
    #expect(abs(wait.mean - 1) < wait.halfWidth)
    #expect(wait.halfWidth < 0.1)
  }

  @Test func mmc() async throws {
    // W_q = C(c, a) / (cμ - λ) with c = 5, a = 4, μ = 1.
    let wait = try await waits(servers: 5, rate: 4, count: 3000) { $0.exponential(mean: 1) }
    #expect(abs(wait.mean - erlangC(servers: 5, load: 4) / (5 - 4)) < wait.halfWidth)
    #expect(wait.halfWidth < 0.1)
  }

  @Test func md1() async throws {
    // Pollaczek-Khinchine, W_q = λ E[S²] / (2 (1 - ρ)), with constant S = 1 and λ = 0.5: 0.5 s.
    let wait = try await waits(servers: 1, rate: 0.5, count: 3000) { _ in 1 }
    #expect(abs(wait.mean - 0.5) < wait.halfWidth)
    #expect(wait.halfWidth < 0.05)
  }

  @Test func machineRepair() async throws {
    let wait = try await repairWaits(
      machines: 4, crew: 1, failure: 0.2, repair: 1, horizon: 800)
    let expected = repairTheory(machines: 4, crew: 1, failure: 0.2, repair: 1)
    #expect(abs(wait.mean - expected) < wait.halfWidth)
    #expect(wait.halfWidth < 0.15 * expected)
  }
}

@Suite(.enabled(if: isSlowWanted, "heavy: set TRACEMILL_SLOW=1"))
struct SlowTheoryTests {
  /// Enough tasks for a half-width of a few per cent at each load, and a warm-up of a tenth.
  private func length(_ load: Double) -> Int { load > 0.9 ? 1_000_000 : 200_000 }

  private func check(
    _ wait: (mean: Double, halfWidth: Double), _ expected: Double, _ name: String
  ) {
    print("\(name): simulated \(wait.mean) ± \(wait.halfWidth), theory \(expected)")
    #expect(abs(wait.mean - expected) < wait.halfWidth, "\(name)")
    #expect(wait.halfWidth < 0.1 * expected, "\(name)")
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func mm1(_ load: Double) async throws {
    let count = length(load)
    let wait = try await waits(
      servers: 1, rate: load, count: count, warmUp: Double(count) / load / 10
    ) { $0.exponential(mean: 1) }
    check(wait, load / (1 - load), "M/M/1 at \(load)")
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func mm10(_ load: Double) async throws {
    let count = length(load)
    let rate = 10 * load
    let wait = try await waits(
      servers: 10, rate: rate, count: count, warmUp: Double(count) / rate / 10
    ) { $0.exponential(mean: 1) }
    check(wait, erlangC(servers: 10, load: rate) / (10 - rate), "M/M/10 at \(load)")
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func lognormalService(_ load: Double) async throws {
    // ln S is normal (0, 0.8): E S = exp(0.32), E S² = exp(1.28).
    let (mean, square) = (exp(0.32), exp(1.28))
    let rate = load / mean
    let count = length(load)
    let wait = try await waits(
      servers: 1, rate: rate, count: count, warmUp: Double(count) / rate / 10
    ) { rng in
      let radius = (-2 * log(rng.openUniform())).squareRoot()
      return exp(0.8 * radius * cos(2 * .pi * rng.uniform()))
    }
    check(wait, rate * square / (2 * (1 - load)), "M/G/1, lognormal, at \(load)")
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func cappedParetoService(_ load: Double) async throws {
    // The study's run times: Pareto of shape 2.5 from 10 s, capped at 500 s.
    let (shape, least, cap) = (2.5, 10.0, 500.0)
    func moment(_ k: Double) -> Double {
      let below =
        shape * pow(least, shape) * (pow(cap, k - shape) - pow(least, k - shape)) / (k - shape)
      return below + pow(cap, k) * pow(least / cap, shape)
    }
    let rate = load / moment(1)
    let count = length(load)
    let wait = try await waits(
      servers: 1, rate: rate, count: count, warmUp: Double(count) / rate / 10
    ) { rng in min(least * pow(rng.openUniform(), -1 / shape), cap) }
    check(wait, rate * moment(2) / (2 * (1 - load)), "M/G/1, capped Pareto, at \(load)")
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func priorities(_ load: Double) async throws {
    // Cobham: W_k = (C / (c μ)) / ((1 - σ_{k-1}) (1 - σ_k)), σ_k the load of classes 1 to k.
    let shares: [(PriorityClass, Double)] = [
      (.production, 0.25), (.batch, 0.6), (.bestEffort, 0.15),
    ]
    let servers = 4
    let rate = load * Double(servers)
    let count = length(load)
    let reports = try await reports(
      servers: servers, rate: rate, count: count, warmUp: Double(count) / rate / 10,
      order: .priority, shares: shares
    ) { $0.exponential(mean: 1) }
    var before = 0.0
    for (priorityClass, share) in shares {
      let upTo = before + share * load
      let expected =
        erlangC(servers: servers, load: rate) / Double(servers) / ((1 - before) * (1 - upTo))
      let means = reports.map { report in
        report.classes.first { $0.priorityClass == priorityClass }!.metrics.wait.mean / 1e6
      }
      check(interval(means), expected, "M/M/4, \(priorityClass.name), at \(load)")
      before = upTo
    }
  }

  @Test(arguments: [0.5, 0.8, 0.95]) func machineRepair(_ load: Double) async throws {
    // Ten machines, two repairmen; the failure rate at which the crew is busy that much of the time.
    func busy(_ failure: Double) -> Double {
      let distribution = repairDistribution(machines: 10, crew: 2, failure: failure, repair: 1)
      return distribution.enumerated().reduce(0) { $0 + $1.1 * Double(min($1.0, 2)) } / 2
    }
    var (low, high) = (0.0, 10.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if busy(middle) < load { low = middle } else { high = middle }
    }
    let wait = try await repairWaits(
      machines: 10, crew: 2, failure: low, repair: 1, horizon: 5000)
    check(
      wait, repairTheory(machines: 10, crew: 2, failure: low, repair: 1),
      "machine repair at \(load)")
  }
}
