import Configuration
import Workload

/// What a profile says of jobs beyond single quantities.
extension ProfileCheck {
  static func kind(_ node: ConfigurationNode) {
    _ = node.choice("priorityClass", of: PriorityClass.allCases.map(\.name), required: true)
    _ = node.string("name", required: true)
    _ = node.integer("jobs", in: 1...Int.max, required: true)
    if let child = node.object("runTime", required: true) { table(child) }
    for key in ["cpu", "memory", "gpus"] { if let child = node.object(key) { table(child) } }
    for key in ["tasks", "instances"] {
      if let child = node.object(key) { table(child, in: .from(1, to: Double(Int32.max))) }
    }
    _ = node.flag("spansMachines", required: true)
    _ = node.number("sharedRequests", in: .share)
    if let child = node.object("rankCorrelations", required: true) {
      for key in ["runTimeCPU", "runTimeMemory", "cpuMemory"] {
        _ = child.number(key, in: .from(-1, to: 1))
      }
    }
    if let child = node.object("tail") { tailDependence(child) }
  }

  private static func tailDependence(_ node: ConfigurationNode) {
    if let degrees = node.integer("degreesOfFreedom", in: 2...100), degrees % 2 != 0 {
      node.problem(at: "degreesOfFreedom", "is \(degrees); expected an even number")
    }
    _ = node.number("gain", required: true)
    for item in node.list("pairs", required: true) ?? [] {
      _ = item.string("name", required: true)
      _ = count(item, "count")
      _ = item.number("kendall", in: .from(-1, to: 1), required: true)
      for key in ["upper", "lower"] { _ = item.number(key, in: .share, required: true) }
    }
  }

  static func table(_ node: ConfigurationNode, in range: NumberRange = .nonnegative) {
    let isLinear = node.flag("isLinear", required: true)
    guard let values = node.numbers("values", in: range, required: true) else { return }
    if values.isEmpty { node.problem(at: "values", "is empty") }
    if values.count == 1, isLinear == true {
      node.problem(at: "values", "has one value; lines join two or more")
    }
    if let place = zip(values, values.dropFirst()).enumerated().first(where: { $1.0 > $1.1 })?
      .offset
    {
      node.problem(at: "values[\(place + 1)]", "is less than the value before")
    }
  }

  static func repeats(_ node: ConfigurationNode) {
    _ = node.flag("byUser", required: true)
    _ = count(node, "jobs")
    _ = node.number("observedShare", in: .share, required: true)
    let share = node.number("share", in: .share, required: true)
    if node.numbers("lags", in: .from(1, to: 255), required: true)?.isEmpty == true,
      share ?? 0 > 0
    {
      node.problem(at: "lags", "is empty, though the share is not 0")
    }
    _ = node.number("runTimeCorrelation", in: .from(-1, to: 1), required: true)
  }

  static func resubmissions(_ node: ConfigurationNode) {
    for key in ["failed", "finished"] { _ = count(node, key) }
    for key in ["observedShare", "expectedShare", "failsAgain", "share"] {
      _ = node.number(key, in: .share, required: true)
    }
    _ = node.number("standardError", in: .nonnegative, required: true)
    let range = NumberRange.from(0, to: Ranges.seconds.upperBound)
    if node.numbers("delays", in: range, required: true)?.isEmpty == true {
      node.problem(at: "delays", "is empty")
    }
    _ = node.number("runTimeCorrelation", in: .from(-1, to: 1), required: true)
  }

  static func sequence(_ node: ConfigurationNode) {
    _ = node.flag("byUser", required: true)
    _ = node.number("runLength", in: .from(1, to: .infinity), required: true)
    for item in node.list("autocorrelations", required: true) ?? [] {
      _ = item.integer("lag", in: 1...Int.max, required: true)
      for key in ["size", "runTime"] { _ = item.number(key, in: .from(-1, to: 1)) }
    }
  }

  static func graphs(_ node: ConfigurationNode) {
    for key in ["leftOut", "otherDependencies"] { _ = count(node, key) }
    if let child = node.object("data") { table(child) }
    if let child = node.object("statistics", required: true) {
      for key in ["jobs", "tasks"] { _ = count(child, key) }
      for key in ["withDependencies", "criticalPathShare"] {
        _ = child.number(key, in: .share, required: true)
      }
      _ = child.number("criticalTimeShare", in: .share)
      for key in ["depth", "width"] { _ = child.number(key, in: .nonnegative, required: true) }
      for key in ["inDegrees", "outDegrees"] {
        _ = child.numbers(key, in: .share, required: true)
      }
    }
    let shapes = node.list("shapes", required: true) ?? []
    var edges = 0
    for item in shapes { edges += GraphShape(item)?.edgeCount ?? 0 }
    let limits = GraphShapes.limits
    if shapes.isEmpty { node.problem(at: "shapes", "is empty") }
    if shapes.count > limits.shapes || edges > limits.edges {
      node.problem(
        at: "shapes",
        "has \(shapes.count) shapes with \(edges) dependencies; expected at most \(limits.shapes) with \(limits.edges)"
      )
    }
  }

  static func standing(_ node: ConfigurationNode) {
    _ = node.string("origin", required: true)
    for key in ["tasks", "cores"] { _ = node.number(key, in: .nonnegative, required: true) }
    items(node, "sample") { item in
      _ = item.choice("priorityClass", of: PriorityClass.allCases.map(\.name), required: true)
      for key in ["cpu", "memory", "gpus", "rest"] {
        _ = item.number(key, in: .nonnegative, required: true)
      }
      _ = item.integer("instances", in: 1...Int(Int32.max), required: true)
      _ = item.flag("spansMachines", required: true)
      return nil
    }
  }
}
