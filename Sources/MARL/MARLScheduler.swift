import CNeural
import PortableMath
import Simulation
import Workload

/// A learned scheduler: one agent a machine, all with the networks of a ``PolicyModel``.
///
/// A scheduler like any other. It expects tasks to come at gateways; without them it decides as an
/// agent without a machine.
public struct MARLScheduler: PlacementPolicy {
  /// What it has learned.
  public let model: PolicyModel
  /// How it chooses.
  public var choice: PolicyModel.Choice
  /// The name in reports.
  public var name: String
  /// True: they are among what it sees.
  public var goesByEstimates: Bool { true }
  private var sampler = CandidateSampler(.uniform)
  private var ledger = SentLedger()
  private var observation = StudyObservation()
  private var scratch: Scratch
  private let recorder: EpisodeRecorder?
  private let use: NetworkUse?

  /// A scheduler that acts by `model`, choosing as the model says if nothing else is said.
  public init(_ model: PolicyModel, choice: PolicyModel.Choice? = nil, name: String = "marl") {
    self.init(model, choice: choice ?? model.choice, name: name, recorder: nil)
  }

  init(
    _ model: PolicyModel, choice: PolicyModel.Choice, name: String = "marl",
    recorder: EpisodeRecorder? = nil, use: NetworkUse? = nil
  ) {
    self.model = model
    self.choice = choice
    self.name = name
    self.recorder = recorder
    self.use = use
    scratch = Scratch()
  }

  /// Prepares the draws and what is kept of the machines.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    // Copies of a scheduler may run side by side.
    scratch = Scratch()
    sampler = CandidateSampler(model.candidates.weighting)
    sampler.prepare(cluster)
    ledger.reset(cluster)
    observation.reset(cluster)
    recorder?.begin(cluster)
  }

  /// Lets the agent of the task's gateway choose. O(candidates × parameters).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    let machine: Int?
    switch model.architecture {
    case .candidates: machine = placeAmongCandidates(task, cluster, &rng)
    case .study: machine = placeByStudy(task, cluster, &rng)
    }
    guard let machine else { return .wait }
    ledger.note(task, to: machine, on: cluster)
    return .machine(machine)
  }

  /// Tells the recorder, in training.
  public mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    recorder?.ended(result, cluster)
  }

  /// What the network says of each machine that can take the task, were they the candidates. O(machines ×
  /// parameters).
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    let network = model.networks[model.network(for: task, on: cluster)]
    switch model.architecture {
    case .candidates:
      let candidates = (0..<Int32(cluster.count)).filter { cluster.canTake(task, on: Int($0)) }
      let inputs = UnsafeMutablePointer<Float>.allocate(
        capacity: max(candidates.count, 1) * CandidateFeatures.count)
      let outputs = UnsafeMutablePointer<Float>.allocate(capacity: max(candidates.count, 1))
      defer {
        inputs.deallocate()
        outputs.deallocate()
      }
      CandidateFeatures(task, on: cluster, ledger).write(
        candidates, near: 0, on: cluster, ledger, to: inputs)
      network.score(inputs, rows: candidates.count, to: outputs)
      var next = 0
      cluster.score(task, into: &scores) { _, _ in
        next += 1
        return Double(outputs[next - 1])
      }
    case .study:
      var observation = observation
      let row = UnsafeMutablePointer<Float>.allocate(capacity: StudyObservation.count)
      defer { row.deallocate() }
      observation.write(task, on: cluster, to: row)
      let outputs = network(
        Array(UnsafeBufferPointer(start: row, count: StudyObservation.count)))
      cluster.score(task, into: &scores) { _, machine in
        machine < StudyObservation.machines ? Double(outputs[machine]) : -.infinity
      }
    }
  }

  private mutating func placeAmongCandidates(
    _ task: TaskView, _ cluster: borrowing Cluster, _ rng: inout RandomStream
  ) -> Int? {
    let network = model.network(for: task, on: cluster)
    sampler.draw(
      model.candidates.count(at: cluster.meanUtilisation), for: task, on: cluster, using: &rng)
    let count = sampler.drawn.count
    guard count > 0 else { return nil }
    use?.counts[network] += 1
    scratch.reserve(rows: count, columns: CandidateFeatures.count)
    CandidateFeatures(task, on: cluster, ledger).write(
      sampler.drawn, near: sampler.near, on: cluster, ledger, to: scratch.inputs)
    model.networks[network].score(scratch.inputs, rows: count, to: scratch.outputs)
    let chosen = choose(count, mask: nil, &rng)
    let machine = Int(sampler.drawn[chosen.index])
    recorder?.decided(
      task, machine, cluster,
      .init(
        rows: UnsafeBufferPointer(
          start: scratch.inputs, count: count * CandidateFeatures.count), mask: nil,
        chosen: chosen.index, logProbability: chosen.logProbability, network: network))
    return machine
  }

  private mutating func placeByStudy(
    _ task: TaskView, _ cluster: borrowing Cluster, _ rng: inout RandomStream
  ) -> Int? {
    let machines = StudyObservation.machines
    scratch.reserve(rows: 1, columns: max(StudyObservation.count, machines + 1))
    observation.write(task, on: cluster, to: scratch.inputs)
    var any = false
    for output in 0..<machines {
      scratch.mask[output] = machine(of: output, for: task, cluster) != nil
      any = any || scratch.mask[output]
    }
    guard any else { return nil }
    let network = model.network(for: task, on: cluster)
    use?.counts[network] += 1
    model.networks[network].evaluate(scratch.inputs, hidden: scratch.hidden, to: scratch.outputs)
    let chosen = choose(machines, mask: scratch.mask, &rng)
    guard let machine = machine(of: chosen.index, for: task, cluster) else { return nil }
    recorder?.decided(
      task, machine, cluster,
      .init(
        rows: UnsafeBufferPointer(start: scratch.inputs, count: StudyObservation.count),
        mask: UnsafeBufferPointer(start: scratch.mask, count: machines), chosen: chosen.index,
        logProbability: chosen.logProbability, network: network))
    return machine
  }

  /// The machine that an output of the study's networks stands for: beyond as many machines as there are
  /// outputs, those of equal number modulo that share one, and the least loaded that can take the task is
  /// meant. Nil if none can. O(machines / outputs).
  private func machine(of output: Int, for task: TaskView, _ cluster: borrowing Cluster) -> Int? {
    var best: Int?
    var least = Double.infinity
    var machine = output
    while machine < cluster.count {
      if cluster.canTake(task, on: machine) {
        let demand = cluster.demand(machine)
        if best == nil || demand < least { (best, least) = (machine, demand) }
      }
      machine += StudyObservation.machines
    }
    return best
  }

  private func choose(
    _ count: Int, mask: UnsafeMutablePointer<Bool>?, _ rng: inout RandomStream
  ) -> (index: Int, logProbability: Float) {
    let logits = scratch.outputs
    if choice == .greedy {
      var best = -1
      for i in 0..<count where mask?[i] ?? true {
        if best < 0 || logits[i] > logits[best] { best = i }
      }
      return (best, 0)
    }
    MaskedSoftmax.apply(logits, count, mask: mask.map { UnsafePointer($0) })
    let index = MaskedSoftmax.choice(logits, count, Float(rng.uniform()))
    return (index, logf(max(logits[index], .leastNormalMagnitude)))
  }

  /// How many decisions each network of a policy has made in a run.
  final class NetworkUse {
    fileprivate(set) var counts: [Int]

    init(of model: PolicyModel) { counts = Array(repeating: 0, count: model.networks.count) }
  }

  /// Room for one decision.
  private final class Scratch {
    private(set) var inputs = UnsafeMutablePointer<Float>.allocate(capacity: 1)
    private(set) var outputs = UnsafeMutablePointer<Float>.allocate(capacity: 1)
    let hidden = UnsafeMutablePointer<Float>.allocate(capacity: 1024)
    let mask = UnsafeMutablePointer<Bool>.allocate(capacity: StudyObservation.machines)
    private var capacity = 1

    func reserve(rows: Int, columns: Int) {
      guard rows * columns > capacity else { return }
      inputs.deallocate()
      outputs.deallocate()
      capacity = rows * columns
      inputs = .allocate(capacity: capacity)
      outputs = .allocate(capacity: capacity)
    }

    deinit {
      inputs.deallocate()
      outputs.deallocate()
      hidden.deallocate()
      mask.deallocate()
    }
  }
}
