import Simulation
import Workload

/// Keeps the decisions of one run, and works out what each is to be credited with.
///
/// It knows the truth, as training may: which tasks are at each machine, running or waiting. A task that
/// comes to a machine must wait exactly if what is there and it together exceed the machine.
final class EpisodeRecorder {
  /// What an agent saw and chose.
  struct Choice {
    var rows: UnsafeBufferPointer<Float>
    var mask: UnsafeBufferPointer<Bool>?
    var chosen: Int
    var logProbability: Float
    var network: Int
  }

  private struct Present {
    var decision: Int32
    var request: Resources
    /// Its share of the machine's CPU or memory, whichever is larger.
    var share: Float
  }

  private struct Decision {
    var machine: Int32
    var cpuShare: Float
    var loadAtStart: Float
    var firstBlocker: Int32
    var blockers: Int32
    var hasEnded = false
    var ended = Ended()
  }

  /// What became of its task.
  private struct Ended {
    var own: Float = 0
    var loss: Float = 0
    var spread: Float = 0
    var start = Microseconds.never
    var finish = Microseconds.never
  }

  private(set) var experience = Experience()
  private let credit: Credit
  private let units: RewardUnits
  private let layout: ClusterLayout
  private let architecture: PolicyModel.Architecture
  private let hasCentralCritic: Bool
  private let load: Double
  private var decisions: [Decision] = []
  private var blockers: [(decision: Int32, share: Float)] = []
  private var present: [[Present]] = []
  private var held: [ResourceSum] = []
  /// The decisions whose tasks have not ended. Only ever looked up.
  private var decisionOf: [DecisionKey: Int32] = [:]
  private var firstSubmit = Microseconds.never
  private var lastSubmit = Microseconds.zero
  private var truth = (cpu: Float(0), memory: Float(0), queued: Float(0), running: Float(0))

  init(
    _ layout: ClusterLayout, _ architecture: PolicyModel.Architecture, credit: Credit,
    units: RewardUnits, load: Double, hasCentralCritic: Bool
  ) {
    self.layout = layout
    self.architecture = architecture
    self.credit = credit
    self.units = units
    self.load = load
    self.hasCentralCritic = hasCentralCritic
    experience.episodes = [0]
  }

  func begin(_ cluster: borrowing Cluster) {
    present = Array(repeating: [], count: cluster.count)
    held = Array(repeating: ResourceSum(), count: cluster.count)
  }

  func decided(_ task: TaskView, _ machine: Int, _ cluster: borrowing Cluster, _ choice: Choice) {
    let index = Int32(decisions.count)
    if !firstSubmit.isKnown { firstSubmit = task.submit }
    lastSubmit = task.submit
    experience.inputs.append(contentsOf: choice.rows)
    let columns = architecture == .candidates ? CandidateFeatures.count : StudyObservation.count
    experience.rowStart.append(
      experience.rowStart[experience.rowStart.count - 1] + Int32(choice.rows.count / columns))
    if let mask = choice.mask { experience.masks.append(contentsOf: mask) }
    experience.chosen.append(Int32(choice.chosen))
    experience.logProbability.append(choice.logProbability)
    experience.network.append(Int32(choice.network))
    if architecture == .candidates { appendCriticRow(task, cluster) }

    let capacity = cluster.capacity(machine)
    let cpuShare = Self.share(task.request.cpu.nano, capacity.cpu.nano)
    let memoryShare = Self.share(task.request.memory.rawValue, capacity.memory.rawValue)
    let before = held[machine].clamped
    var decision = Decision(
      machine: Int32(machine), cpuShare: cpuShare,
      loadAtStart: min(Self.share(before.cpu.nano, capacity.cpu.nano) + cpuShare, 1),
      firstBlocker: Int32(blockers.count), blockers: 0)
    if !(before + task.request).fits(in: capacity), credit.scheme == .marginal {
      for other in present[machine] { blockers.append((other.decision, other.share)) }
      decision.blockers = Int32(present[machine].count)
    }
    decisions.append(decision)
    decisionOf[task.key] = index
    held[machine] += task.request
    present[machine].append(
      Present(decision: index, request: task.request, share: max(cpuShare, memoryShare)))
  }

  private static func share(_ part: Int64, _ whole: Int64) -> Float {
    whole > 0 ? Float(part) / Float(whole) : 0
  }

  private func appendCriticRow(_ task: TaskView, _ cluster: borrowing Cluster) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: CriticFeatures.count) { row in
      CriticFeatures.write(task, on: cluster, to: row.baseAddress!)
      if hasCentralCritic {
        row[5] = truth.cpu
        row[6] = truth.memory
        row[7] = truth.queued
        row[8] = truth.running
      }
      row[11] = Float(load)
      experience.critic.append(contentsOf: row)
    }
  }

  func ended(_ result: TaskResult, _ cluster: borrowing Cluster) {
    guard let index = decisionOf.removeValue(forKey: result.key).map({ Int($0) }) else { return }
    let machine = Int(decisions[index].machine)
    if let place = present[machine].firstIndex(where: { Int($0.decision) == index }) {
      held[machine] -= present[machine][place].request
      present[machine].remove(at: place)
    }
    if hasCentralCritic { observe(cluster) }
    decisions[index].hasEnded = true
    // An eviction is not the decision's doing; the task's next attempt is credited to its next decision.
    guard result.isFinal else { return }
    let weight = StudyReward.weight(of: result.priorityClass)
    guard result.outcome == .finished else {
      decisions[index].ended.own = Float(-credit.service * weight)
      return
    }
    let description = layout.machines[machine]
    let terms = TaskTerms(result, speed: description.speed, weight: weight)
    decisions[index].ended.own = Float(
      credit.service * terms.service + credit.completion * terms.completion
        - credit.energy * result.energy.value / units.energy)
    decisions[index].ended.start = result.start
    decisions[index].ended.finish = result.finish

    // Its part in the variance over its life, u taken half from its beginning and half from its end.
    let share = Double(decisions[index].cpuShare)
    let loadAtEnd = cluster.cpuUtilisation(machine) + share
    let load = (Double(decisions[index].loadAtStart) + loadAtEnd) / 2
    let seconds = (result.finish - result.start).seconds
    decisions[index].ended.spread = Float(seconds * share * (load - cluster.meanUtilisation))

    let queued = result.wait - result.waking
    guard decisions[index].blockers > 0, queued > .zero else { return }
    let reference = max(result.runTime.seconds * description.speed, 1e-6)
    let unwaited = (result.completion - queued).seconds
    var loss = credit.completion * (1 - min(1, unwaited / (3 * reference)) - terms.completion)
    if !result.metDeadline, result.finish - queued <= result.deadline {
      loss += credit.lostDeadline * weight
    }
    decisions[index].ended.loss = Float(loss)
  }

  private func observe(_ cluster: borrowing Cluster) {
    let machines = Float(max(cluster.upCount, 1))
    let (used, whole) = (cluster.totalClaimed, cluster.totalCapacity)
    truth = (
      Self.share(used.cpu.nano, whole.cpu.nano),
      Self.share(used.memory.rawValue, whole.memory.rawValue),
      min(Float(cluster.totalQueued) / machines, 4), Float(cluster.totalRunning) / machines / 4
    )
  }

  /// Works out the rewards, when the run is over.
  func finish() {
    let count = decisions.count
    let seconds = count > 0 ? (lastSubmit - firstSubmit).seconds : 0
    // So that the parts sum to the number of tasks × the variance over its unit; tasks of one moment have
    // none.
    let perPart =
      seconds > 0
      ? credit.imbalance * Double(count) / seconds / Double(max(layout.machines.count, 1))
        / units.variance : 0
    var rewards = decisions.map { $0.ended.own - Float(perPart) * $0.ended.spread }
    chargeIdle(&rewards)
    for decision in decisions where decision.ended.loss > 0 {
      let those = Int(decision.firstBlocker)..<Int(decision.firstBlocker + decision.blockers)
      var whole: Float = 0
      for blocker in blockers[those] { whole += blocker.share }
      guard whole > 0 else { continue }
      let charge = Float(credit.harm) * decision.ended.loss / whole
      for blocker in blockers[those] { rewards[Int(blocker.decision)] -= charge * blocker.share }
    }
    experience.reward = rewards
    guard architecture == .candidates else { return }
    for index in 0..<count {
      experience.critic[index * CriticFeatures.count + 10] = Float(index) / Float(max(count, 1))
    }
  }

  /// Charges the idle energy of awake time. At a machine tasks start in the order in which they came.
  private func chargeIdle(_ rewards: inout [Float]) {
    var awake = Array(repeating: AwakeTime(), count: layout.machines.count)
    for (index, decision) in decisions.enumerated() where decision.ended.finish.isKnown {
      let machine = Int(decision.machine)
      let power = layout.machines[machine].power
      let seconds = awake[machine].add(
        decision.ended.start, decision.ended.finish, sleepAfter: power.sleepAfter)
      rewards[index] -= Float(credit.energy * power.idle.value * seconds / units.energy)
    }
  }
}
