import Foundation
import Simulation
import Synchronization
import Testing
import Workload

@testable import MARL

/// Orders of the queue that are learned.
@Suite struct OrderTests {
  /// Rigid jobs of some users on a pool of cores, requests longer than run times.
  static func jobs(_ seed: UInt64, count: Int = 120, cores: Int = 16) -> [TaskRecord] {
    var random = RandomStream(seed: seed, name: "order-jobs")
    var now = 0.0
    return (0..<count).map { number in
      now += Double(random.below(40))
      let user = random.below(4)
      let run = 1 + random.below(20 * (user + 1) * (user + 1))
      var record = TaskRecord(
        id: TaskID(job: Int64(number)), submit: Microseconds(seconds: now),
        runTime: Microseconds(seconds: Double(run)),
        request: Resources(cpu: Cores(Double(1 + random.below(cores))), memory: .zero))
      record.estimate = Microseconds(seconds: Double(run * (1 + random.below(8))))
      record.user = UserID(UInt32(user + 1))
      return record
    }
  }

  static func layout(cores: Double = 16) throws -> ClusterLayout {
    try ClusterLayout(machines: [
      MachineDescription(number: 0, capacity: Resources(cpu: Cores(cores), memory: .zero))
    ])
  }

  static func options(
    _ backfilling: SimulationOptions.Backfilling, _ prediction: RunTimePrediction?
  ) -> SimulationOptions {
    var options = SimulationOptions()
    options.spansMachines = false
    options.backfilling = backfilling
    options.bindsHead = backfilling == .none || backfilling == .shadow
    options.prediction = prediction
    options.audit = true
    return options
  }

  /// A model that no part of the observation leaves alone.
  static func anyModel(_ seed: UInt64, contexts: Int = 6, hidden: Int = 3) -> OrderModel {
    var random = RandomStream(seed: seed, name: "order-model")
    let count = OrderModel.parameterCount(contexts: contexts, hidden: hidden)
    return OrderModel(
      contexts: contexts, hidden: hidden,
      parameters: (0..<count).map { _ in Double(Float(random.uniform() - 0.5)) })
  }

  static func run(
    _ jobs: [TaskRecord], _ options: SimulationOptions, _ model: OrderModel, gate: Bool = false
  ) throws -> (results: [TaskResult], report: SimulationReport) {
    var results = CollectedResults()
    let report = try Simulator(
      cluster: layout(), policy: OrderScheduler(model, name: "order:any", isGated: gate),
      options: options, seed: 1
    ).run(TaskTable(jobs).source(), results: &results)
    return (results.results.sorted { $0.id < $1.id }, report)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func cmaFindsTheMinimaOfStandardFunctions(seed: UInt64) {
    func sphere(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } }
    func ellipsoid(_ x: [Double]) -> Double {
      var sum = 0.0
      for (place, value) in x.enumerated() {
        sum += pow(1e6, Double(place) / Double(x.count - 1)) * value * value
      }
      return sum
    }
    func rosenbrock(_ x: [Double]) -> Double {
      var sum = 0.0
      for (value, next) in zip(x, x.dropFirst()) {
        sum += 100 * pow(next - value * value, 2) + pow(1 - value, 2)
      }
      return sum
    }
    let functions: [(([Double]) -> Double, Int)] = [
      (sphere, 3000), (ellipsoid, 12_000), (rosenbrock, 16_000),
    ]
    // About twice what Hansen's tutorial and its code need in ten dimensions.
    for (function, limit) in functions {
      var search = CMAES(mean: Array(repeating: 0.4, count: 10), step: 0.3, seed: seed)
      var (evaluations, best) = (0, Double.infinity)
      while best > 1e-9, evaluations < limit {
        let losses = search.ask().map(function)
        evaluations += losses.count
        best = min(best, losses.min() ?? .infinity)
        search.tell(losses)
      }
      #expect(best <= 1e-9, "after \(evaluations) evaluations")
    }
  }

  @Test func cmaTakesWhatIsNoNumberForTheWorst() {
    var search = CMAES(mean: [3, -2], step: 1, seed: 4)
    for _ in 0..<200 {
      search.tell(search.ask().map { $0[0] < 0 ? .nan : $0[0] * $0[0] + $0[1] * $0[1] })
    }
    #expect(search.mean.allSatisfy { abs($0) < 1e-3 })
  }

  /// What has not ended has no influence: a job that turns out to run longer changes nothing that started
  /// before it would have ended.
  @Test(
    arguments: [SimulationOptions.Backfilling.none, .shadow, .easy, .conservative],
    [nil, RunTimePrediction.lastTwo, .regression] as [RunTimePrediction?])
  func seesNothingOfTheFuture(
    backfilling: SimulationOptions.Backfilling, prediction: RunTimePrediction?
  ) throws {
    let options = Self.options(backfilling, prediction)
    for (seed, gate) in [(UInt64(1), false), (2, false), (1, true), (3, true)] {
      let jobs = Self.jobs(seed)
      let model = Self.anyModel(seed)
      let (before, report) = try Self.run(jobs, options, model, gate: gate)
      #expect((report.remarks.fallbacks != nil) == gate)
      #expect(report.audit?.passed == true)
      for changed in stride(from: 19, to: jobs.count, by: 31) {
        var others = jobs
        others[changed].runTime = Microseconds(seconds: jobs[changed].runTime.seconds * 3 + 1)
        let (after, _) = try Self.run(others, options, model, gate: gate)
        let end = before[changed].finish
        #expect(before.count == after.count)
        var compared = 0
        for (a, b) in zip(before, after) where a.start < end {
          compared += 1
          #expect(a.start == b.start, "job \(a.id.job) of seed \(seed), \(changed) changed")
        }
        #expect(compared > 10)
      }
    }
  }

  /// The order does what it learned: with smallest area's weights it is smallest area.
  @Test(arguments: [SimulationOptions.Backfilling.none, .shadow, .easy])
  func smallestAreaIsSmallestArea(backfilling: SimulationOptions.Backfilling) throws {
    // Areas that are all different, by more than the logarithms' error.
    let jobs = Self.jobs(9).enumerated().map { number, job in
      var job = job
      job.estimate = Microseconds(seconds: pow(3, Double(number % 9)))
      job.request.cpu = Cores(Double(1 << (number * 7 % 5)))
      job.runTime = min(job.runTime, job.estimate)
      return job
    }
    var options = Self.options(backfilling, nil)
    let (learned, _) = try Self.run(jobs, options, .smallestArea(contexts: 2, hidden: 0))
    options.order = .rule(.smallestArea)
    var results = CollectedResults()
    _ = try Simulator(cluster: Self.layout(), policy: FirstFit(), options: options, seed: 1)
      .run(TaskTable(jobs).source(), results: &results)
    let known = results.results.sorted { $0.id < $1.id }
    #expect(learned.map(\.start) == known.map(\.start))
  }

  @Test func isReadAsItWasWritten() throws {
    var model = Self.anyModel(3)
    model.environment = TrainingEnvironment(ofOrder: Self.options(.easy, .regression))
    let again = try OrderModel(SafeTensors(model.tensors.data()))
    #expect(again == model)
    #expect(again.environment?.prediction == "regression")
    #expect(model.tensors.data() == again.tensors.data())
  }

  @Test func refusesWhatIsForOthers() throws {
    let file = Self.anyModel(3).tensors
    func refusal(_ change: (inout SafeTensors) -> Void) -> String {
      var file = file
      change(&file)
      do {
        _ = try OrderModel(file)
        return "accepted"
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal { _ in } == "accepted")
    let cases: [(change: (inout SafeTensors) -> Void, words: String)] = [
      (
        { $0.metadata["decision"] = "stage" },
        "its decision is stage (stage:FILE runs it); expected order"
      ),
      ({ $0.metadata["decision"] = nil }, "marl:FILE"),
      ({ $0.metadata["observation"] = "order-0" }, "observation is order-0"),
      ({ $0.metadata["cluster"] = "gpus" }, "cluster is gpus; expected cores"),
      ({ $0.metadata["inputs"] = "wait; size" }, "inputs is wait; size; expected log p; log n"),
      ({ $0.metadata["context"] = nil }, "context is missing"),
      ({ $0.tensors["order.weight"] = nil }, "missing"),
      ({ $0.tensors["order.weight"]!.values[0] = .nan }, "not finite"),
      (
        { $0.tensors["order.hidden"] = .init(shape: [1, 2], values: [0, 0]) },
        "shape of order.hidden"
      ),
    ]
    for (change, words) in cases {
      let text = refusal(change)
      #expect(text.contains(words), "\(text)")
    }
    // A file of where tasks go, and this one taken for one.
    let placement = PolicyModel.initialised(.candidates, seed: 1)
    #expect(throws: CheckpointError.self) { try OrderModel(placement.tensors) }
    #expect(throws: CheckpointError.self) { try PolicyModel(file) }
  }

  /// The same bytes with one worker and with several, and a better order than the one it began with.
  @Test func trainsAndIsTheSameForAnyNumberOfWorkers() throws {
    let sequences = (UInt64(1)...6).map { Self.jobs($0, count: 80) }
    var options = Self.options(.shadow, nil)
    options.audit = false
    let layout = try Self.layout()
    let loss: OrderTrainer.Loss = { [options] rule, index in
      var options = options
      options.order = .rule(rule)
      let report = try Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
        .run(TaskTable(sequences[index]).source())
      return report.total.boundedSlowdown.mean / 1e6
    }
    var settings = OrderTrainer.Settings()
    (settings.sequences, settings.validation, settings.population) = (4, 2, 8)
    (settings.contexts, settings.hidden) = (2, 2)
    var trainers = [1, 3].map { _ in OrderTrainer(settings, training: 4, loss: loss) }
    var first = 0.0
    for generation in 1...12 {
      let progress = try [1, 3].enumerated().map { place, workers in
        try trainers[place].step(workers: workers, validates: generation % 3 == 0)
      }
      #expect(progress[0] == progress[1])
      if generation == 1 { first = progress[0].mean }
      if generation == 12 { #expect(progress[0].mean < first) }
    }
    #expect(trainers[0].best.tensors.data() == trainers[1].best.tensors.data())
    #expect(trainers[0].bestLoss.isFinite)
  }

  /// Only the sequences of the greatest loss are learned from, and as large a share of those of validation.
  @Test func learnsFromTheHardestSequences() throws {
    let met = Mutex<Set<Int>>([])
    var settings = OrderTrainer.Settings()
    (settings.sequences, settings.validation, settings.population) = (100, 6, 4)
    settings.hardest = 2
    // Of six and six; sequence 4 and 1, and 11 and 8 are the hardest.
    let losses = [1.0, 8, 2, 3, 9, 4, 1, 2, 8, 3, 4, 9]
    var trainer = OrderTrainer(settings, training: 6) { _, sequence in
      _ = met.withLock { $0.insert(sequence) }
      return losses[sequence]
    }
    _ = try trainer.step(workers: 1, validates: false)
    #expect(met.withLock { $0 } == Set(0..<12))
    met.withLock { $0 = [] }
    _ = try trainer.step(workers: 1, validates: true)
    #expect(met.withLock { $0 } == [1, 4, 8, 11])
  }

  /// Where nothing better is found on the validation sequences, the result is the order that the search began with.
  @Test func keepsWhatItBeganWithWhereNothingIsBetter() throws {
    var settings = OrderTrainer.Settings()
    (settings.sequences, settings.validation, settings.population) = (4, 2, 6)
    let start = OrderModel.smallestArea()
    let calls = Mutex(0)
    // The first round is of the order that it begins with.
    var trainer = OrderTrainer(settings, training: 4) { _, _ in
      calls.withLock { calls in
        calls += 1
        return calls <= 6 ? 10 : 11
      }
    }
    for _ in 0..<3 { _ = try trainer.step(workers: 1, validates: true) }
    #expect(trainer.best == start)
    #expect(trainer.bestLoss == trainer.startLoss)
  }

  /// A sequence that is hopeless under the order that the search begins with counts as four times the median.
  @Test func hopelessSequencesCountLess() throws {
    var settings = OrderTrainer.Settings()
    (settings.sequences, settings.validation, settings.population) = (6, 6, 8)
    var trainer = OrderTrainer(settings, training: 6) { _, sequence in sequence % 6 == 5 ? 1e6 : 10
    }
    _ = try trainer.step(workers: 1, validates: true)
    // Five of 10 and one of 40.
    let expected = 0.5 * log(15) + 0.5 * (log(10) + log(4) / 6)
    #expect(abs(trainer.startLoss - expected) < 1e-9)
  }
}

/// Gates of learned orders while a run goes on.
@Suite struct OrderGateTests {
  /// The sum of slowdowns of a queue that is drained is that of the engine, where run times are as requested.
  @Test(arguments: [SimulationOptions.Backfilling.none, .shadow, .greedy, .easy])
  func drainingIsWhatTheEngineDoes(backfilling: SimulationOptions.Backfilling) throws {
    for seed in UInt64(1)...4 {
      var jobs = OrderTests.jobs(seed, count: 60)
      for place in jobs.indices {
        jobs[place].submit = .zero
        jobs[place].estimate = jobs[place].runTime
      }
      let scores = Dictionary(
        uniqueKeysWithValues: jobs.indices.map { (jobs[$0].id, Double($0 * 37 % 61)) })
      var options = OrderTests.options(backfilling, nil)
      options.bindsHead = true
      options.order = .rule(
        QueueRule(name: "any", summary: "any") { scores[$0.id] ?? .nan })
      let report = try Simulator(
        cluster: OrderTests.layout(), policy: FirstFit(), options: options, seed: 1
      ).run(TaskTable(jobs).source())
      let scene = QueueScene(
        queueLength: jobs.count, waiting: jobs.map { TaskView($0) }, backfilling: backfilling)
      var drain = QueueDrain()
      let sum = drain.slowdown(scene, total: 16, claimed: 0) { scene, _, into in
        for task in scene.waiting { into.append(scores[task.id] ?? .nan) }
      }
      let expected = report.total.boundedSlowdown.mean * 1e-6 * Double(jobs.count)
      #expect(abs(sum - expected) < 1e-4 * expected, "seed \(seed): \(sum), \(expected)")
    }
  }

  /// What runs holds its cores until it should end, with an estimate or without.
  @Test func drainingWaitsForWhatRuns() {
    func sum(held: Double, by running: [QueueScene.Hold]) -> Double {
      var task = TaskView(
        request: Resources(cpu: Cores(4), memory: .zero), submit: Microseconds(seconds: 100),
        estimate: Microseconds(seconds: 50))
      task.user = UserID(1)
      let scene = QueueScene(
        now: Microseconds(seconds: 100), queueLength: 1, waiting: [task], running: running)
      var drain = QueueDrain()
      return drain.slowdown(scene, total: 4, claimed: held) { _, _, scores in scores.append(0) }
    }
    let hold = QueueScene.Hold(end: Microseconds(seconds: 125), cores: 2, user: .unknown)
    #expect(sum(held: 0, by: []) == 1)
    #expect(sum(held: 2, by: [hold]) == 1.5)
    #expect(sum(held: 3, by: [hold]) == (86_400 + 50) / 50)
  }

  /// An order that is the worst there is falls back nearly always, and then is as good as smallest area first; an
  /// order that is smallest area first never falls back.
  @Test(arguments: [SimulationOptions.Backfilling.none, .shadow, .easy])
  func fallsBackFromWhatIsWorse(backfilling: SimulationOptions.Backfilling) throws {
    var worst = OrderModel.smallestArea()
    worst.parameters = worst.parameters.map { -$0 }
    var (gated, alone, best) = (0.0, 0.0, 0.0)
    for seed in UInt64(1)...6 {
      let jobs = OrderTests.jobs(seed, count: 200)
      let options = OrderTests.options(backfilling, nil)
      let (_, report) = try OrderTests.run(jobs, options, worst, gate: true)
      let counts = try #require(report.remarks.fallbacks)
      #expect(counts.taken * 10 > counts.decisions * 8, "\(counts)")
      gated += report.total.boundedSlowdown.mean
      alone += try OrderTests.run(jobs, options, worst).report.total.boundedSlowdown.mean
      let (_, good) = try OrderTests.run(jobs, options, .smallestArea(), gate: true)
      best += good.total.boundedSlowdown.mean
      #expect(good.remarks.fallbacks?.taken == 0)
      // It is told, with how often.
      let note = try #require(report.notes(options).first { $0.kind == .fellBack })
      #expect(note.figures["fell_back"] == Double(counts.taken))
      #expect(note.text.contains("smallest area first"))
    }
    #expect(alone > 2 * best)
    #expect(gated < 1.1 * best, "\(gated), \(best)")
  }

  /// Where no centre of a search of devices is better, the result is what it began with.
  @Test func aSearchOfDevicesKeepsWhatItBeganWith() throws {
    var settings = DeviceTrainer.Settings()
    settings.population = 4
    let start = DeviceModel.leastGrowth
    let first = Mutex(true)
    var trainer = DeviceTrainer(settings, workloads: 1) { policy, filling in
      guard filling.isWhole, policy.name == "candidate" else { return 10 }
      return first.withLock { isFirst in
        defer { isFirst = false }
        return isFirst ? 8 : 9
      }
    }
    for _ in 0..<3 { _ = try trainer.step(workers: 1, validates: true) }
    #expect(trainer.best == start)
    #expect(trainer.bestLoss == trainer.startLoss)
    #expect(abs(trainer.startLoss - log(0.8)) < 1e-12)
  }
}
