import Experiments
import ExternalSchedulers
import Foundation
import MARL
import Simulation
import Workload

/// A scheduler by name: one of the catalogue's, or `marl:FILE`, `order:FILE`, `device:FILE`, `one-step:FILE`, where the file may be
/// one that is part of the program, or `kube:FILE`, a KubeSchedulerConfiguration.
public struct NamedScheduler: Sendable {
  /// As the user wrote it.
  public let name: String
  /// Where it learned; nil for one that did not learn, or whose file does not say.
  public private(set) var environment: TrainingEnvironment?
  /// Whether it says who goes next, and so has an order of the queue of its own.
  public private(set) var ordersQueue = false
  /// What its file says that is not modelled, a line each.
  public private(set) var notes: [Note] = []
  private let make: @Sendable (Double?) -> any PlacementPolicy

  /// The scheduler called `name`; its file is read here, once.
  ///
  /// - Throws: ``RunError`` if there is none of that name, or its file is not what it should be.
  public init(_ name: String) throws {
    self.name = name
    switch Self.file(name) {
    case ("marl:", let path)?:
      do {
        let model = try PolicyModel(
          SafeTensors(try Self.contents(path, ShippedPolicies.checkpoint)))
        environment = model.environment
        let label = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        make = { _ in MARLScheduler(model, name: "marl:\(label)") }
      } catch let error as CheckpointError {
        throw RunError(message: "\(path): \(error)")
      }
    case ("order:", let path)?:
      do {
        let model = try OrderModel(SafeTensors(try Self.contents(path, ShippedPolicies.order)))
        environment = model.environment
        ordersQueue = true
        let label = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let isGated = Self.isGated(name)
        let title = "order:\(label)" + Self.options(name)
        make = { _ in OrderScheduler(model, name: title, isGated: isGated) }
      } catch let error as CheckpointError {
        throw RunError(message: "\(path): \(error)")
      }
    case ("device:", let path)?:
      do {
        let model = try DeviceModel(SafeTensors(try Self.contents(path, ShippedPolicies.device)))
        let label = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        make = { _ in model.policy(named: "device:\(label)") }
      } catch let error as CheckpointError {
        throw RunError(message: "\(path): \(error)")
      }
    case ("kube:", let path)?:
      let policy = try KubernetesPolicy(path: path)
      notes = policy.notes
      make = { _ in policy }
    case (_, let path)?:
      let data = try Self.contents(path, ShippedPolicies.rule)
      guard let rule = try? JSONDecoder().decode(TunedRule.self, from: data) else {
        throw RunError(
          message: "\(path): not a tuned rule; expected what `tracemill tune` writes")
      }
      make = { OneStepReward(rule.constants(at: $0)) }
    case nil:
      guard Self.policy(named: name) != nil else {
        throw RunError(message: Self.noSuch(name))
      }
      make = { _ in Self.policy(named: name) ?? RandomPlacement() }
    }
  }

  /// The schedulers that need no file.
  public static var catalogue: [PolicyEntry] {
    PolicyCatalog.entries + [
      PolicyEntry(
        name: "study-marl", summary: "the original study's code: untrained networks, a fixed score"
      ) { StudyMARL() }
    ]
  }

  /// Names that may be written for a scheduler; files have others besides.
  public static var names: [String] {
    catalogue.map(\.name) + ShippedPolicies.names.map { "marl:" + $0 }
      + ShippedPolicies.orderNames.map { "order:" + $0 }
      + ShippedPolicies.deviceNames.map { "device:" + $0 }
      + ShippedPolicies.ruleNames.map { "one-step:" + $0 }
  }

  /// A scheduler of the catalogue, or a sampled rule; nil if there is none of that name.
  public static func policy(named name: String) -> (any PlacementPolicy)? {
    catalogue.first { $0.name == name }?.make() ?? PolicyCatalog.make(name)
  }

  /// The file that a scheduler is in, after its `marl:`, `order:`, `device:`, `one-step:` or `kube:`; nil for one of the catalogue.
  public static func file(_ name: String) -> (kind: String, path: String)? {
    guard
      let kind = ["marl:", "order:", "device:", "one-step:", "kube:"].first(where: name.hasPrefix)
    else {
      return nil
    }
    let path = name.dropFirst(kind.count)
    return (kind, String(path.dropLast(options(name).count)))
  }

  /// What stands behind the file in a scheduler's name: `,gate` of a learned order that has one, else nothing.
  static func options(_ name: String) -> String { isGated(name) ? gate : "" }

  /// What goes behind a learned order's file for the gate: `order:FILE,gate`.
  private static let gate = ",gate"

  /// Whether a learned order is to fall back to smallest area first where it does worse than that.
  private static func isGated(_ name: String) -> Bool {
    name.hasPrefix("order:") && name.hasSuffix(gate)
  }

  /// What to say of a name that stands for nothing.
  public static func noSuch(_ name: String) -> String {
    if ExternalScheduler.isOne(name) { return ExternalScheduler.refusal(name) }
    // Names of orders and of backfilling, which go with any placement.
    for (names, option, key) in [
      (
        EngineSettings.Backfilling.allCases.filter { $0 != .none }.map(\.rawValue),
        "--backfilling", "backfilling"
      ),
      (EngineSettings.Queue.allCases.map(\.rawValue) + ["fcfs"], "--queue", "queue"),
    ] where names.contains(name.lowercased()) {
      let value = name.lowercased() == "fcfs" ? "fifo" : name.lowercased()
      return
        "'\(name)' says who goes next, a scheduler where to: simulate has \(option) \(value) beside "
        + "--scheduler first-fit, an experiment { policy: first-fit, engine: { \(key): \(value) } }"
    }
    guard name.hasPrefix("sampled:") else { return unknownName("scheduler", name, among: names) }
    let rules = PolicyCatalog.sampledNames
    let rule = String(name.dropFirst("sampled:".count).prefix { $0 != "," })
    guard rules.contains(rule) else {
      return "'\(name)': " + unknownName("rule", rule, among: rules)
    }
    return
      "'\(name)': expected sampled:\(rule),d=N, N from 1 to 100000, and ,weighted after it or not"
  }

  /// What is to be known of a learned policy beside its name: for what surroundings it learned. Nil for
  /// other schedulers, and for files that cannot be read.
  public static func note(_ name: String) -> String? {
    if case ("order:", let path)? = file(name),
      let data = try? contents(path, ShippedPolicies.order),
      let model = try? OrderModel(SafeTensors(data))
    {
      return
        "learned, orders the queue by \(model.parameters.count) weights; tasks go to the first machine that "
        + "has room"
        + (isGated(name) ? "; where it does worse than smallest area first, that decides" : "")
    }
    if case ("device:", let path)? = file(name),
      let data = try? contents(path, ShippedPolicies.device),
      let model = try? DeviceModel(SafeTensors(data))
    {
      return "learned, chooses machine and devices by \(model.parameters.count) weights"
    }
    guard case ("marl:", let path)? = file(name),
      let data = try? contents(path, ShippedPolicies.checkpoint),
      let model = try? PolicyModel(SafeTensors(data))
    else { return nil }
    guard model.architecture == .candidates else {
      return "learned, architecture \(model.architecture.rawValue)"
    }
    return
      "learned, architecture candidates, choices \(model.choice.rawValue); it learned to act as the agent of a "
      + "gateway: mode dispatch, gateways, a heartbeat and a delay of the network"
  }

  /// A file's bytes, or else those that come with the program under that name.
  static func contents(_ path: String, _ shipped: (String) -> Data?) throws -> Data {
    if let data = FileManager.default.contents(atPath: path) ?? shipped(path) { return data }
    let names =
      (ShippedPolicies.names + ShippedPolicies.orderNames + ShippedPolicies.deviceNames).filter {
        shipped($0) != nil
      }
    guard !names.isEmpty else { throw RunError(message: "\(path): cannot be read") }
    throw RunError(
      message: "\(path): cannot be read, nor is it one of those that come with the program ("
        + names.joined(separator: ", ") + ")" + (suggestionText(path, among: names) ?? ""))
  }

  /// The policy, for a load where that is known: a rule tuned by load takes its constants.
  public func policy(load: Double? = nil) -> any PlacementPolicy { make(load) }
}
