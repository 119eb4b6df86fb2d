import Foundation
import Testing
import Workload

@testable import Simulation

/// Run times that are predicted from tasks that have ended.
@Suite struct PredictionTests {
  static func task(user: UInt32, cores: Double = 1, estimate: Double = 1000) -> TaskView {
    var record = TaskRecord(
      id: TaskID(job: 0), submit: .zero, runTime: .never,
      request: Resources(cpu: Cores(cores), memory: .zero))
    record.estimate = Microseconds(seconds: estimate)
    record.user = UserID(user)
    return TaskView(record)
  }

  @Test func lastTwoIsTheMeanOfTheUsersLastTwo() {
    var predictor = LastTwoOfUser()
    let (ann, bob) = (Self.task(user: 1), Self.task(user: 2))
    #expect(predictor.prediction(of: ann, at: .zero) == nil)
    predictor.learn(ann, ran: 10, at: .zero)
    #expect(predictor.prediction(of: ann, at: .zero) == 10)
    #expect(predictor.prediction(of: bob, at: .zero) == nil)
    predictor.learn(bob, ran: 500, at: .zero)
    predictor.learn(ann, ran: 30, at: .zero)
    predictor.learn(ann, ran: 50, at: .zero)
    #expect(predictor.prediction(of: ann, at: .zero) == 40)
    #expect(predictor.prediction(of: bob, at: .zero) == 500)
  }

  /// Users whose run times have nothing to do with what they ask for are told apart, and a law of the size is
  /// learned.
  @Test func regressionLearnsUsersAndSizes() throws {
    var predictor = RunTimeRegression()
    var random = RandomStream(seed: 7, name: "regression")
    func draw() -> (TaskView, Double) {
      let user = UInt32(1 + random.below(3))
      let cores = Double(1 << random.below(5))
      let run = Double(user * user * 40) * cores * exp2(random.uniform() - 0.5)
      return (
        Self.task(user: user, cores: cores, estimate: Double(10_000 + random.below(90_000))), run
      )
    }
    func error(_ count: Int) throws -> Double {
      var sum = 0.0
      for _ in 0..<count {
        let (task, run) = draw()
        let predicted = try #require(predictor.prediction(of: task, at: .zero))
        sum += abs(log2(predicted / run))
        predictor.learn(task, ran: run, at: .zero)
      }
      return sum / Double(count)
    }
    let (early, _, late) = (try error(20), try error(500), try error(200))
    #expect(late < 0.7 * early, "\(early), \(late)")
    // Noise alone is a quarter of a factor of two.
    #expect(late < 0.9)
  }

  /// A job, in seconds.
  private func job(
    _ id: Int64, _ user: UInt32, at: Double, run: Double, asked: Double, cores: Double
  )
    -> TaskRecord
  {
    var record = TaskRecord(
      id: TaskID(job: id), submit: Microseconds(seconds: at),
      runTime: Microseconds(seconds: run),
      request: Resources(cpu: Cores(cores), memory: .zero))
    record.estimate = Microseconds(seconds: asked)
    record.user = UserID(user)
    return record
  }

  /// By the prediction the shorter job goes first though it asked for more, and backfilling goes by what was
  /// asked for unless it is told otherwise.
  @Test func isForWhatItIsAskedFor() throws {
    // Users 1 and 2 are known when 3 ends; user 1 asks for much and is short.
    let jobs = [
      job(1, 1, at: 0, run: 2, asked: 900, cores: 1),
      job(2, 2, at: 0, run: 90, asked: 100, cores: 1),
      job(3, 3, at: 100, run: 50, asked: 60, cores: 4),
      job(4, 2, at: 101, run: 90, asked: 100, cores: 4),
      job(5, 1, at: 102, run: 2, asked: 900, cores: 4),
    ]
    let layout = try ClusterLayout(machines: [
      MachineDescription(number: 0, capacity: Resources(cpu: Cores(4), memory: .zero))
    ])
    func starts(_ use: SimulationOptions.PredictionUse?) throws -> [Double] {
      var options = SimulationOptions()
      options.order = .sjf
      options.spansMachines = false
      options.audit = true
      if let use { (options.prediction, options.predictionUse) = (.lastTwo, use) }
      var results = CollectedResults()
      let report = try Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
        .run(TaskTable(jobs).source(), results: &results)
      #expect(report.audit?.passed == true)
      return results.results.sorted { $0.id < $1.id }.map(\.start.seconds)
    }
    #expect(try starts(nil) == [0, 0, 100, 150, 240])
    #expect(try starts(.backfilling) == [0, 0, 100, 150, 240])
    #expect(try starts(.order) == [0, 0, 100, 152, 150])
    #expect(try starts(.both) == [0, 0, 100, 152, 150])
  }

  /// A running task that outlives its prediction is reckoned with for as long again as it has run, up to what was
  /// asked for.
  @Test func predictionsAreCorrectedWhenExceeded() throws {
    // Job 2 is predicted to run 10 s like job 1, and runs 100. At 40 job 3 asks for all, and job 4, of 15 s,
    // may overtake it: job 2 is by then taken to run until 60 (as long again), and not to end at once.
    let jobs = [
      job(1, 1, at: 0, run: 10, asked: 200, cores: 3),
      job(2, 1, at: 10, run: 100, asked: 200, cores: 3),
      job(3, 2, at: 35, run: 5, asked: 20, cores: 4),
      job(4, 3, at: 40, run: 15, asked: 15, cores: 1),
    ]
    let layout = try ClusterLayout(machines: [
      MachineDescription(number: 0, capacity: Resources(cpu: Cores(4), memory: .zero))
    ])
    var options = SimulationOptions()
    options.spansMachines = false
    options.audit = true
    (options.backfilling, options.prediction) = (.easy, .lastTwo)
    var results = CollectedResults()
    let report = try Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
      .run(TaskTable(jobs).source(), results: &results)
    #expect(report.audit?.passed == true)
    let starts = results.results.sorted { $0.id < $1.id }.map(\.start.seconds)
    #expect(starts == [0, 10, 110, 40])
  }
}
