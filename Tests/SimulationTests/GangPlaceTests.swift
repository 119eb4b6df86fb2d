import Simulation
import Testing
import Workload

/// Where the instances of gangs were, and which answers about them came to nothing.
@Suite struct GangPlaceTests {
  private struct Places: ResultSink {
    var of: [Int64: [Int64]] = [:]
    var results: [TaskResult] = []

    private var others: [Int32: Int64] = [:]

    mutating func record(_ result: TaskResult) {
      let rest = others.sorted { $0.key < $1.key }
      #expect(rest.map(\.key) == Array(1..<max(1, Int32(rest.count + 1))))
      of[result.id.job] = [result.machine] + rest.map(\.value)
      others = [:]
      results.append(result)
    }

    mutating func record(instance: Int32, on machine: Int64, of task: TaskID) {
      others[instance] = machine
    }
  }

  private func gang(_ job: Int64, at: Double, runs: Double, cores: Double, _ instances: Int32)
    -> TaskRecord
  {
    var record = task(job, at: at, runs: runs, cores: cores)
    record.instances = instances
    return record
  }

  private func run(
    _ records: [TaskRecord], on layout: ClusterLayout,
    _ configure: (inout SimulationOptions) -> Void
  ) throws -> (Places, DecisionLog) {
    var options = SimulationOptions()
    (options.audit, options.gangs) = (true, true)
    configure(&options)
    let log = DecisionLog()
    var places = Places()
    let report = try Simulator(
      cluster: layout, policy: log.logging(FirstFit()), options: options, seed: 1
    ).run(TaskTable(records).source(), results: &places)
    #expect(report.audit?.passed == true)
    return (places, log)
  }

  @Test func everyInstanceIsKnown() throws {
    // Three of 2 cores: 0, 0 and 1 of machines of 4; the gang of two of 4 cores waits until 61 s.
    let (places, log) = try run(
      [
        gang(1, at: 1, runs: 60, cores: 2, 3), gang(2, at: 2, runs: 30, cores: 4, 2),
        task(3, at: 3, runs: 10), task(4, at: 4, runs: 20, cores: 4),
      ], on: try machines(3, cores: 4)
    ) { _ in }
    #expect(places.of == [1: [0, 0, 1], 2: [0, 1], 3: [2], 4: [2]])
    #expect(places.results.map(\.instances).sorted() == [1, 1, 2, 3])
    let ofTwo = log.decisions.filter { $0.id.job == 2 }
    #expect(ofTwo.map(\.answer) == [.declined, .waits, .placed, .placed])
    #expect(ofTwo.map(\.instance) == [0, 1, 0, 1])
    #expect(ofTwo.map(\.time.seconds) == [2, 2, 61, 61])
  }

  /// What the log says was placed is what ran: by EASY as well, which weighs the answer before it starts anybody.
  @Test(arguments: 1...8)
  func whatIsPlacedRan(seed: UInt64) throws {
    var rng = RandomStream(seed: seed, name: "gangs")
    var records = randomRecords(150, seed: seed)
    for place in records.indices {
      records[place].instances = rng.below(3) == 0 ? Int32(1 + rng.below(4)) : 1
      if rng.below(2) == 0 { records[place].estimate = records[place].runTime }
    }
    for backfilling in [SimulationOptions.Backfilling.none, .greedy, .easy, .shadow] {
      let (places, log) = try run(records, on: try machines([(4, 16), (3, 8), (2, 30)])) {
        $0.backfilling = backfilling
      }
      var placed: [Int64: [Int64]] = [:]
      for decision in log.decisions where decision.answer == .placed {
        placed[decision.id.job, default: []].append(decision.machine)
      }
      let ran = places.of.filter { job, machines in machines != [-1] }
      #expect(placed == ran, "\(backfilling)")
      #expect(
        backfilling == .none || log.decisions.contains { $0.answer == .declined })
    }
  }
}
