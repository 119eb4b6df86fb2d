import Configuration
import Foundation
import Generation
import Workload

/// A synthetic workload by name: a preset with parameters, a scenario or a profile.
struct SyntheticArgument {
  /// The model, and how many tasks if that is said.
  var scenario: WorkloadScenario
  /// What was changed or assumed on the way.
  var notes: [String] = []
  /// Offered load asked for (`load=`), to be set on a cluster.
  var load: Double?
  /// Cores that it is the load of (`cores=`), if not the cluster's.
  private var statedCores: Double?

  /// Tasks of a workload that does not say how many.
  static let defaultTasks = 10_000

  /// Whether `argument` names one: a preset, or a file that can only be a scenario or a profile.
  static func isOne(_ argument: String) -> Bool {
    WorkloadModel.presetNames.contains(presetName(argument))
      || [".yaml", ".yml", ".json"].contains(where: argument.hasSuffix)
  }

  private static func presetName(_ argument: String) -> String {
    String(argument.prefix { $0 != ":" })
  }

  init(
    _ argument: String, margins: MarginChoice = .best, arrivals: ArrivalChoice = .best
  ) throws {
    let name = Self.presetName(argument)
    if WorkloadModel.presetNames.contains(name), !FileManager.default.fileExists(atPath: argument) {
      scenario = WorkloadScenario(
        model: try Self.preset(name, margins, arrivals, &notes), extent: .endless)
      try setParameters(argument.dropFirst(name.count))
      return
    }
    guard argument.hasSuffix(".json"), let profile = try Self.profile(argument) else {
      scenario = try Self.scenario(argument, margins, arrivals, &notes)
      return
    }
    scenario = WorkloadScenario(
      model: try Self.model(profile, argument, margins, arrivals, &notes), extent: .endless)
  }

  private static func preset(
    _ name: String, _ margins: MarginChoice, _ arrivals: ArrivalChoice, _ notes: inout [String]
  ) throws -> WorkloadModel {
    guard let profile = WorkloadProfile.preset(name) else {
      return WorkloadModel.preset(name) ?? .study
    }
    return try model(profile, name, margins, arrivals, &notes)
  }

  private static func model(
    _ profile: WorkloadProfile, _ name: String, _ margins: MarginChoice,
    _ arrivals: ArrivalChoice, _ notes: inout [String]
  ) throws -> WorkloadModel {
    do {
      return try WorkloadModel(profile, margins: margins, arrivals: arrivals, notes: &notes)
    } catch {
      throw CommandFailure(
        lines: error.issues.map { "\(name): \($0)" })
    }
  }

  /// The profile in a JSON file; nil if it holds something else.
  private static func profile(_ path: String) throws -> WorkloadProfile? {
    do {
      let file = try ConfigurationFile(path: path)
      let top = try? JSONSerialization.jsonObject(with: Data(file.text.utf8)) as? [String: Any]
      guard let top, ["provenance", "classMix", "all"].contains(where: { top[$0] != nil }) else {
        return nil
      }
      return try WorkloadProfile(file)
    } catch {
      throw CommandFailure(error)
    }
  }

  private static func scenario(
    _ path: String, _ margins: MarginChoice, _ arrivals: ArrivalChoice, _ notes: inout [String]
  ) throws -> WorkloadScenario {
    var gathered: [String] = []
    defer { notes += gathered }
    do {
      return try WorkloadScenario(ConfigurationFile(path: path)) { name in
        if WorkloadModel.presetNames.contains(name) {
          return try preset(name, margins, arrivals, &gathered)
        }
        guard name.hasSuffix(".json") else { return nil }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let file = URL(fileURLWithPath: name, relativeTo: folder).path
        return try profile(file).map { try model($0, name, margins, arrivals, &gathered) }
      }
    } catch {
      throw CommandFailure(error)
    }
  }

  /// `:load=0.7,cores=1250,tasks=2000,duration=3600,rate=2`.
  private mutating func setParameters(_ text: Substring) throws {
    guard !text.isEmpty else { return }
    let keys = ["tasks", "duration", "load", "cores", "rate"]
    for item in text.dropFirst().split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, keys.contains(pair[0]) else {
        throw CommandFailure(
          message: "'\(item)' is none of \(keys.map { $0 + "=" }.joined(separator: ", "))"
            + suggestion(for: pair[0], among: keys))
      }
      if pair[0] == "duration", let time = TraceTime(argument: pair[1]) {
        scenario.extent.duration = time.value
        continue
      }
      guard let value = Double(pair[1]), value > 0, value <= 1e12 else {
        throw CommandFailure(message: "\(pair[0]) '\(pair[1])' is not a number above 0")
      }
      switch pair[0] {
      case "tasks": scenario.extent.tasks = Int(value)
      case "load": load = value
      case "cores": statedCores = value
      default: scenario.model.arrivals.rate = value
      }
    }
  }

  /// Sets the load on a cluster of so many cores (times speeds).
  mutating func setLoad(onCores cores: Double?) throws {
    guard let load else { return }
    guard let cores = statedCores ?? cores else {
      throw CommandFailure(
        message: "a load needs the cores that it is the load of, such as cores=1250")
    }
    do { try scenario.model.setLoad(load, onCores: cores) } catch {
      throw CommandFailure(error)
    }
  }

  /// The tasks: as many as were asked for, else a default, or without end.
  func source(seed: UInt64, isEndless: Bool = false) throws -> SyntheticWorkload {
    var extent = isEndless ? .endless : scenario.extent
    if !isEndless, extent.tasks == nil, extent.duration == nil { extent.tasks = Self.defaultTasks }
    do {
      return try SyntheticWorkload(scenario.model, extent, seed: seed)
    } catch {
      throw CommandFailure(error)
    }
  }
}
