import Configuration
import Experiments
import MARL
import Simulation
import Workload

/// A scenario of `decision: order`: sequences of consecutive tasks of a workload, each on an idle cluster, and how
/// the order of the queue is learned from them.
public struct OrderScenario: SearchScenario {
  /// What it is called.
  public var name: String
  /// How a run works.
  public var options: SimulationOptions
  /// The machines.
  public var cluster: ClusterLayout
  /// The tasks of a sequence.
  public var length: Int
  /// The tasks from which sequences are taken.
  public var tasks: [TaskRecord]
  /// How is trained.
  public var training: OrderTrainer.Settings
  /// How many training sequences there are, at even distances.
  public var sequences: Int
  /// What was left out or assumed of the workload, up to the last of its tasks.
  private let told: [Note]

  /// Reads it, and the workload that it names.
  ///
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String) throws {
    let file = LearningFile(path: path)
    let parts = try file.read { Parts($0) }
    name = parts.name
    options = parts.engine.options
    length = parts.length
    training = parts.training
    sequences = parts.sequences
    cluster =
      switch parts.machines {
      case .written(let spec): try ClusterLayout(spec, seed: 1)
      case .named(let text): try NamedCluster(file.place(text)).layout(seed: 1)
      }
    let source = file.place(parts.workload)
    let replayed = ReplayedTasks(
      try NamedWorkload(source, seed: 1, cores: cluster.effectiveCores), atStart: .skip)
    tasks = []
    var number = 0
    while tasks.count < parts.to - parts.from, let task = try replayed.next() {
      number += 1
      if number > parts.from { tasks.append(task) }
    }
    told = replayed.notes
    guard tasks.count >= length else {
      throw RunError(
        message: "\(path): \(source) has \(grouped(tasks.count)) tasks between tasks "
          + "\(grouped(parts.from)) and \(grouped(parts.to)), too few for a sequence of "
          + "\(grouped(length))")
    }
  }

  /// Where the training sequences begin, and after them those of validation: the former at even distances, the
  /// latter drawn.
  var starts: [Int] {
    let last = tasks.count - length
    let even = (0..<sequences).map { ($0 * 2 + 1) * last / (2 * sequences) }
    var random = RandomStream(seed: training.seed, name: "order-validation")
    return even + (0..<training.validation).map { _ in random.below(last + 1) }
  }

  public func notes() -> [Note] { told }

  public var words: SearchWords {
    SearchWords(
      decision: .order, loss: "loss", validation: "validation", digits: 2,
      runs: " of \(grouped(length)) tasks",
      result: { "best on the validation sequences \($0), smallest area \($1)" },
      start: "smallest area first")
  }

  public var constantInputs: [String] {
    var lines: [String] = []
    if !tasks.contains(where: { $0.estimate.isKnown }), options.estimates != .exact {
      lines.append(
        "no task has a requested time: the inputs that go by it are constant (engine.exactEstimates "
          + "takes the true ones)")
    }
    if !tasks.contains(where: { $0.user != .unknown }) {
      lines.append(
        "no task has a user: the inputs and the predictions that go by users are constant")
    }
    return lines
  }

  public func trainer() -> any SearchTrainer {
    let (starts, length, tasks, cluster, options) = (starts, length, tasks, cluster, options)
    return OrderTrainer(
      training, training: sequences, environment: TrainingEnvironment(ofOrder: options)
    ) { rule, sequence in
      var options = options
      options.order = .rule(rule)
      let simulator = Simulator(cluster: cluster, policy: FirstFit(), options: options, seed: 1)
      let start = starts[sequence]
      let report = try simulator.run(
        TaskTable(Array(tasks[start..<start + length])).source())
      return report.total.boundedSlowdown.mean / 1e6
    }
  }
}

/// What a scenario of an order says.
private struct Parts {
  enum Machines {
    case named(String)
    case written(ClusterSpec)
  }

  var name = ""
  var workload = ""
  var machines = Machines.named("")
  var engine = EngineSettings()
  var (from, to) = (0, Int.max)
  var length = 1024
  var sequences = 16
  var training = OrderTrainer.Settings()

  init?(_ root: ConfigurationNode) {
    name = root.string("name", required: true) ?? ""
    _ = root.choice("decision", of: LearnedDecision.self, required: true)
    workload = root.string("workload", required: true) ?? ""
    if let cluster = root["cluster"] {
      if cluster.isObject {
        if let spec = ClusterSpec(cluster) { machines = .written(spec) }
      } else if let text = cluster.string() {
        machines = .named(text)
      }
    } else {
      root.problem(at: "cluster", "is missing")
    }
    if let node = root.object("engine") { engine = EngineSettings(whole: node) }
    if engine.mode == .dispatch {
      root.problem(at: "engine.mode", "is dispatch: an order is of one queue, in mode central")
    }
    if engine.queue != nil { root.problem(at: "engine.queue", "is what is learned: leave it out") }
    length = root.integer("tasks", in: 2...1_000_000) ?? length
    if let node = root.object("between") {
      from = node.integer("from", in: 0...100_000_000) ?? 0
      to = node.integer("to", in: 1...100_000_000) ?? .max
      if from >= to { node.problem(at: "to", "is not above from") }
    }
    guard let node = root.object("training") else { return }
    sequences = node.integer("sequences", in: 1...10_000) ?? sequences
    var t = training
    t.sequences = node.integer("sequencesAtATime", in: 1...10_000) ?? sequences
    t.hardest = node.integer("hardest", in: 1...10_000)
    t.read(node)
    t.validation = node.integer("validation", in: 1...10_000) ?? t.validation
    t.contexts = node.integer("contexts", in: 1...OrderModel.contextCount) ?? t.contexts
    t.hidden = node.integer("hidden", in: 0...64) ?? t.hidden
    training = t
  }
}
