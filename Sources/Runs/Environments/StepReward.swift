import MARL
import Simulation
import Workload

extension SchedulingEnvironment {
  /// What a step is rewarded for: what became of the tasks that ended since the last one.
  public enum RewardKind: String, Sendable, CaseIterable {
    /// Minus what they waited, in seconds. Over an episode it adds up to minus its tasks' waiting time. The
    /// only term is the first.
    case waiting
    /// The reward that shipped policies are trained and evaluated by, 0.4 S + 0.3 C - 0.2 E - 0.1 V; the terms
    /// are S, C, E and V. Over an episode it adds up to that of `tracemill evaluate`, times the tasks. What
    /// is known at the end only, the energy of idle machines and the imbalance, comes with the last step.
    case study
    /// S, C, E and V that the task which was decided is to expect where it goes, by the machines as they are and
    /// its estimate, with the weights of ``study``: known at once, so that a decision is credited with its own
    /// reward. V is what the task adds to the imbalance, 0 for an episode's first ten tasks, as long as the rate of
    /// arrivals is not known. Nothing of the tasks that it holds up. To wait is a missed deadline, and else the
    /// worst of the machines shown.
    case expected
    /// Nothing: for whoever works one out of ``ended``.
    case none
  }

  /// What tasks that ended amount to.
  struct Gains: ResultSink {
    private let kind: RewardKind
    private let units: RewardUnits
    private let keepsEnded: Bool
    private var waited = 0.0
    private var meter: RewardMeter?
    private var expected = SIMD4<Float>.zero
    private var arrivals = (first: Microseconds.never, count: 0)
    private var given = (service: 0.0, completion: 0.0, joules: 0.0)
    private var atEnd = (joules: 0.0, imbalance: 0.0)
    var ended: [TaskResult] = []

    /// Before the first episode.
    init() { (kind, units, keepsEnded) = (.none, RewardUnits(energy: 1, variance: 1), false) }

    /// An episode on these machines.
    init(_ rules: Rules, _ layout: ClusterLayout) {
      (kind, units, keepsEnded) = (rules.reward, rules.units, rules.keepsEnded)
      if kind == .study { meter = RewardMeter(layout, rules.units) }
    }

    mutating func record(_ result: TaskResult) {
      waited += result.wait.seconds
      if kind == .study { meter?.record(result) }
      if keepsEnded { ended.append(result) }
    }

    /// A decision: where the task goes, nil to wait; among which machines (negative for none), and how long it is
    /// under way.
    mutating func decided(
      _ task: TaskView, _ machine: Int?, among shown: [Int32], _ truth: borrowing Cluster,
      delay: Double
    ) {
      guard kind == .expected else { return }
      let rate = arrivalRate(with: task)
      if let machine {
        expected = terms(task, machine, truth, delay: delay, rate: rate)
        return
      }
      var worst = SIMD4<Float>.zero
      for place in shown where place >= 0 && truth.canTake(task, on: Int(place)) {
        let terms = terms(task, Int(place), truth, delay: delay, rate: rate)
        if reward(of: terms) < reward(of: worst) { worst = terms }
      }
      worst[0] = Float(-StudyReward.weight(of: task.priorityClass))
      worst[1] = 0
      expected = worst
    }

    /// What a task is to expect on a machine.
    private func terms(
      _ task: TaskView, _ machine: Int, _ truth: borrowing Cluster, delay: Double, rate: Double
    ) -> SIMD4<Float> {
      let weight = StudyReward.weight(of: task.priorityClass)
      let view = truth.view(of: machine)
      let reference = max(task.estimate.isKnown ? task.estimate.seconds : 1, 1e-3)
      let run = reference / view.speed
      let fits = view.queued == 0 && task.request.fits(in: view.free)
      var completion = run + (Int(task.gateway) == machine ? 0 : delay)
      if !fits { completion += max(view.cpuBacklog, view.memoryBacklog) }
      if view.isAsleep { completion += view.wakeSeconds }
      let share = task.request.cpu.value / max(view.capacity.cpu.value, 1e-9)
      let isEmpty = view.running == 0 && view.queued == 0
      let energy =
        run * (view.dynamicWatts * share + (isEmpty ? view.idleWatts : 0))
        + (view.isAsleep ? 60 * view.idleWatts : 0)
      let left = task.deadline.isKnown ? (task.deadline - truth.now).seconds : .infinity
      let imbalance = rate * run * Self.addedVariance(machine, share, truth)
      return SIMD4(
        Float(completion <= left ? weight : -weight),
        Float(1 - min(1, completion / (3 * reference))), Float(energy / units.energy),
        Float(imbalance / units.variance))
    }

    /// Tasks a second until this one; 0 for the first ten, from which it is not known.
    private mutating func arrivalRate(with task: TaskView) -> Double {
      if !arrivals.first.isKnown { arrivals.first = task.submit }
      let seconds = (task.submit - arrivals.first).seconds
      let rate = arrivals.count >= 10 && seconds > 0 ? Double(arrivals.count) / seconds : 0
      arrivals.count += 1
      return rate
    }

    /// What a share of a machine's CPU adds to the variance of CPU utilisation over the machines, as they are.
    private static func addedVariance(
      _ machine: Int, _ share: Double, _ truth: borrowing Cluster
    ) -> Double {
      let machines = Double(max(truth.upCount, 1))
      let above = truth.cpuUtilisation(machine) - truth.meanUtilisation
      return share * (2 * above + share * (1 - 1 / machines)) / machines
    }

    /// The run is over.
    mutating func end(_ report: SimulationReport) {
      guard let meter else { return }
      let reward = meter.reward(report)
      let tasks = Double(reward.tasks)
      atEnd = (reward.joules * tasks - meter.sums.joules, reward.imbalance * tasks)
    }

    /// The terms since the last time.
    mutating func takeTerms() -> SIMD4<Float> {
      switch kind {
      case .none: return .zero
      case .expected: return expected
      case .waiting:
        defer { waited = 0 }
        return SIMD4(Float(-waited), 0, 0, 0)
      case .study:
        guard let sums = meter?.sums else { return .zero }
        let joules = sums.joules - given.joules + atEnd.joules
        let terms = SIMD4(
          Float(sums.service - given.service), Float(sums.completion - given.completion),
          Float(joules / units.energy), Float(atEnd.imbalance))
        given = sums
        atEnd = (0, 0)
        return terms
      }
    }

    /// What terms are worth.
    func reward(of terms: SIMD4<Float>) -> Double {
      switch kind {
      case .none: 0
      case .waiting: Double(terms[0])
      case .study, .expected:
        StudyReward.service * Double(terms[0]) + StudyReward.completion * Double(terms[1])
          - StudyReward.energy * Double(terms[2]) - StudyReward.imbalance * Double(terms[3])
      }
    }
  }
}
