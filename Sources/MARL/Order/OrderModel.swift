import Simulation
import Workload

/// A learned order of the queue: one scorer with shared weights over all tasks that wait.
///
/// The score of a task with inputs x in a context g is Σ uᵢₖ xᵢ gₖ + Σ v_h max(0, a_h·x + b_h·g); the smallest
/// goes first. The linear scorer has only the first context, which is one, and no hidden units.
public struct OrderModel: Hashable, Sendable {
  /// How many of the contexts weigh the inputs, 1 to ``contextCount``.
  public let contexts: Int
  /// Hidden units, 0 to 64.
  public let hidden: Int
  /// u context by context, then a, b and v of each hidden unit.
  public var parameters: [Double]
  /// Where it learned; nil where that is not known.
  public var environment: TrainingEnvironment?

  /// Inputs of a task.
  public static let inputCount = OrderObservation.inputs.count
  /// Contexts that there are.
  public static let contextCount = OrderObservation.context.count

  /// How many parameters a model of this shape has.
  public static func parameterCount(contexts: Int, hidden: Int) -> Int {
    inputCount * contexts + hidden * (inputCount + contextCount + 1)
  }

  /// A model of these parameters, as many as ``parameterCount(contexts:hidden:)`` says.
  public init(contexts: Int, hidden: Int, parameters: [Double]) {
    precondition(
      (1...Self.contextCount).contains(contexts) && (0...64).contains(hidden)
        && parameters.count == Self.parameterCount(contexts: contexts, hidden: hidden),
      "parameters fit the shape")
    self.contexts = contexts
    self.hidden = hidden
    self.parameters = parameters
  }

  /// Smallest area first: where training begins.
  public static func smallestArea(contexts: Int = 1, hidden: Int = 0) -> OrderModel {
    var parameters = Array(
      repeating: 0.0, count: parameterCount(contexts: contexts, hidden: hidden))
    (parameters[0], parameters[1]) = (1, 0.5)
    return OrderModel(contexts: contexts, hidden: hidden, parameters: parameters)
  }

  /// The order of the queue by it.
  ///
  /// - Parameters:
  ///   - name: in reports and on the command line.
  ///   - isGated: whether smallest area first decides where it does worse than that.
  public func rule(named name: String, isGated: Bool = false) -> QueueRule {
    let scorer = OrderScorer(self)
    return QueueRule(name: name, summary: "learned: \(parameters.count) weights") {
      if isGated { return GatedScorer(scorer) as any QueueScorer }
      return scorer
    }
  }
}

/// Scores the tasks of one run by a learned order.
struct OrderScorer: QueueScorer {
  typealias Row = OrderObservation.Row
  private let linear: [Row]
  private let units: [(inputs: Row, context: SIMD8<Float>, share: Float)]
  private var observation = OrderObservation()

  init(_ model: OrderModel) {
    let parameters = model.parameters.map { Float($0) }
    func row(_ start: Int) -> Row {
      var row = Row.zero
      for place in 0..<OrderModel.inputCount { row[place] = parameters[start + place] }
      return row
    }
    linear = (0..<model.contexts).map { row($0 * OrderModel.inputCount) }
    units = (0..<model.hidden).map { unit in
      let (inputs, contexts) = (OrderModel.inputCount, OrderModel.contextCount)
      let start = inputs * model.contexts + unit * (inputs + contexts + 1)
      var context = SIMD8<Float>.zero
      for place in 0..<contexts { context[place] = parameters[start + inputs + place] }
      return (row(start), context, parameters[start + inputs + contexts])
    }
  }

  var weighsTogether: Bool { true }

  mutating func score(
    _ scene: borrowing QueueScene, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    let total = cluster.totalCapacity.cpu.value
    score(scene, total: total, free: total - cluster.totalClaimed.cpu.value, into: &scores)
  }

  /// The scores on a machine of `total` cores, of which `free` are free.
  mutating func score(
    _ scene: borrowing QueueScene, total: Double, free: Double, into scores: inout [Double]
  ) {
    observation.look(at: scene, total: total, free: free)
    let state = observation.state
    var weights = Row.zero
    for (place, row) in linear.enumerated() { weights += row * state[place] }
    let biases = units.map { ($0.context * state).sum() }
    for row in observation.rows {
      var score = (weights * row).sum()
      for (unit, bias) in zip(units, biases) {
        score += unit.share * max((unit.inputs * row).sum() + bias, 0)
      }
      scores.append(Double(score))
    }
  }
}
