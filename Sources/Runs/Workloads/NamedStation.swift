import Fitting
import Foundation
import Generation
import Simulation
import Workload

/// A station of equal servers with Poisson arrivals, workload and cluster in one name:
/// `mmc:c=4,load=0.8,run=100`. The cluster is a machine of `c` cores; a task takes one.
///
/// `law=` says how run times of mean `run` (seconds) are spread: `exponential` (the default), `constant`,
/// or `lognormal` or `gamma` with the coefficient of variation `cv=`. `tasks=` says how many.
public struct NamedStation {
  /// The workload; it declares true run times as estimates.
  public let scenario: WorkloadScenario
  /// What theory says of it.
  public let theory: QueueTheory

  /// Whether `argument` names one.
  public static func isOne(_ argument: String) -> Bool { argument.hasPrefix("mmc:") }

  /// The machine.
  public var cluster: ClusterSpec {
    let cores = Double(theory.servers)
    return ClusterSpec(groups: [
      MachineGroup(name: "servers", count: 1, cores: cores...cores, memoryGiB: cores...cores)
    ])
  }

  /// The station that `argument` names; nil if it names none.
  ///
  /// - Throws: ``RunError`` for a parameter that is wrong.
  public init?(_ argument: String) throws {
    guard Self.isOne(argument) else { return nil }
    let values = try StationParameters(argument.dropFirst("mmc:".count), of: "mmc")
    guard values.load < 1 else {
      throw RunError(
        message:
          "mmc: load \(significant(values.load, digits: 6)) has no stationary state; expected less than 1"
      )
    }
    theory = QueueTheory(servers: values.servers, load: values.load, runTime: values.law)
    var scenario = WorkloadScenario(
      model: try Self.model(rate: theory.rate, law: values.law, cpu: 1, memory: 1),
      extent: .tasks(values.tasks))
    scenario.askedLoad = AskedLoad(values.load, ofCores: Double(values.servers))
    self.scenario = scenario
  }

  /// Poisson arrivals of one-task jobs whose run times follow `law` and are known beforehand.
  static func model(rate: Double, law: Law, cpu: Double, memory: Double) throws -> WorkloadModel {
    do {
      func constant(_ value: Double) throws -> Law { .empirical(try Empirical([value])) }
      var model = WorkloadModel(
        arrivals: ArrivalModel(rate: rate),
        classes: [
          TaskClass(
            name: "tasks", share: 1, priorityClass: .unknown, priority: -1, runTime: law,
            cpu: try constant(cpu), memory: try constant(memory), deadlineFactor: nil)
        ])
      model.estimates = EstimateModel(factor: try constant(1))
      return model
    } catch { throw RunError(error) }
  }
}

/// `c=4,load=0.8,run=100,law=exponential`.
struct StationParameters {
  var servers = 1
  var load = 0.8
  var tasks = 100_000
  static let keys = ["c", "load", "run", "law", "cv", "tasks"]
  /// Of run times, in seconds.
  var law: Law

  init(_ text: Substring, of kind: String) throws {
    var numbers: [String: Double] = ["c": 1, "load": 0.8, "run": 100, "tasks": 100_000]
    var name = "exponential"
    var cv: Double?
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, Self.keys.contains(pair[0]) else {
        throw RunError(
          message:
            "\(kind): '\(item)' is none of \(Self.keys.map { $0 + "=" }.joined(separator: ", "))")
      }
      if pair[0] == "law" {
        name = pair[1]
        continue
      }
      guard let value = Double(pair[1]), value > 0, value <= 1e9 else {
        throw RunError(
          message: "\(kind): \(pair[0]) '\(pair[1])' is not a number above 0, at most 1000000000")
      }
      guard pair[0] != "tasks" || value == value.rounded() else {
        throw RunError(message: "\(kind): tasks '\(pair[1])' is not a whole number")
      }
      if pair[0] == "cv" { cv = value } else { numbers[pair[0]] = value }
    }
    let count = numbers["c"] ?? 1
    guard count == count.rounded(), count <= 1e6 else {
      throw RunError(message: "\(kind): c is a whole number of servers up to 1000000")
    }
    servers = Int(count)
    load = numbers["load"] ?? 0.8
    tasks = Int(numbers["tasks"] ?? 0)
    law = try Self.law(name, mean: numbers["run"] ?? 100, cv: cv, of: kind)
  }

  /// The law called `name` with that mean.
  static func law(_ name: String, mean: Double, cv: Double?, of kind: String) throws -> Law {
    let names = ["exponential", "constant", "lognormal", "gamma"]
    if cv != nil, !["lognormal", "gamma"].contains(name) {
      throw RunError(message: "\(kind): cv= is for law=lognormal and law=gamma")
    }
    let spread = cv ?? 1
    do {
      switch name {
      case "exponential": return try Law(.exponential, [1 / mean])
      case "constant": return .empirical(try Empirical([mean]))
      case "lognormal":
        let variance = log(1 + spread * spread)
        return try Law(.lognormal, [log(mean) - variance / 2, variance.squareRoot()])
      case "gamma": return try Law(.gamma, [1 / (spread * spread), mean * spread * spread])
      default: throw RunError(message: "\(kind): " + unknownName("law", name, among: names))
      }
    } catch let error as RunError { throw error } catch { throw RunError(error) }
  }
}
