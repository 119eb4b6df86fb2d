import Configuration
import Foundation
import Generation
import Workload

/// A synthetic workload by name: a preset with parameters, a scenario or a profile.
public struct NamedModel: Sendable {
  /// The model, and how many tasks if that is said.
  public var scenario: WorkloadScenario
  /// What was changed or assumed on the way.
  public private(set) var notes: [Note] = []
  /// Offered load asked for (`load=`), to be set on a cluster.
  public var load: Double?
  /// Cores that it is the load of (`cores=`), if not the cluster's.
  private var statedCores: Double?

  /// Tasks of a workload that does not say how many.
  public static let defaultTasks = 10_000

  /// Whether `argument` names one: a preset, or a file that can only be a scenario or a profile.
  public static func isOne(_ argument: String) -> Bool {
    WorkloadModel.presetNames.contains(presetName(argument)) || NamedStation.isOne(argument)
      || isFile(parts(argument).source)
  }

  /// Keys that may stand after a preset's, scenario's or profile's name: `study:load=0.5,tasks=100`.
  public static let parameterKeys = ["tasks", "duration", "load", "cores", "rate"]

  private static func isFile(_ name: String) -> Bool {
    SettingsFile.isOne(
      name,
      keys: [
        "base", "classes", "arrivals", "load", "estimates", "graph", "mix", "provenance", "all",
      ])
  }

  /// A name apart from the parameters after it: `("similar.yaml", "load=0.5")`.
  package static func parts(_ argument: String) -> (source: String, parameters: Substring) {
    if WorkloadModel.presetNames.contains(presetName(argument)) || NamedStation.isOne(argument) {
      let name = presetName(argument)
      return (name, argument.dropFirst(name.count + 1))
    }
    guard !FileManager.default.fileExists(atPath: argument),
      let colon = argument.lastIndex(of: ":"), isFile(String(argument[..<colon]))
    else { return (argument, "") }
    return (String(argument[..<colon]), argument[argument.index(after: colon)...])
  }

  /// Whether parameters may be set in what `argument` names.
  public static func takesParameters(_ argument: String) -> Bool {
    isOne(argument) || argument.hasPrefix("poisson:")
  }

  /// Parameters that say the same of a model, each in its own way.
  private static let rivals = ["load": "rate", "rate": "load"]

  /// The same name with a parameter set, in place of its value if it has one, and of what else says the same.
  public static func setting(_ key: String, to value: String, in argument: String) -> String {
    let isPoisson = argument.hasPrefix("poisson:")
    let (source, parameters) =
      isPoisson ? ("poisson", argument.dropFirst(8)) : parts(argument)
    let replaced = [key] + (isPoisson || NamedStation.isOne(argument) ? [] : [rivals[key]])
    let kept = parameters.split(separator: ",").filter { item in
      !replaced.contains(String(item.prefix { $0 != "=" }))
    }
    return source + ":"
      + (kept.map(String.init) + ["\(key)=\(value)"]).joined(separator: ",")
  }

  private static func presetName(_ argument: String) -> String {
    String(argument.prefix { $0 != ":" })
  }

  /// The model that `argument` names.
  ///
  /// - Parameters:
  ///   - argument: a preset with parameters (`study:tasks=1000,load=0.4`), or the path of a scenario
  ///     (YAML) or a fitted profile (JSON).
  ///   - margins: which laws of a profile are used.
  ///   - arrivals: which arrivals of a profile are used.
  ///   - dependence: how what a profile knows of a job hangs together.
  /// - Throws: ``RunError``; it names every issue of a file.
  public init(
    _ argument: String, margins: MarginChoice = .best, arrivals: ArrivalChoice = .best,
    dependence: DependenceChoice = .best
  ) throws {
    let choices = Choices(margins: margins, arrivals: arrivals, dependence: dependence)
    if let station = try NamedStation(argument) {
      scenario = station.scenario
      return
    }
    let (file, parameters) = Self.parts(argument)
    let name = Self.presetName(argument)
    let (own, overrides) = try Self.told(parameters)
    if WorkloadModel.presetNames.contains(name), !FileManager.default.fileExists(atPath: argument) {
      if overrides.isEmpty {
        scenario = WorkloadScenario(
          model: try Self.preset(name, choices, &notes), extent: .endless)
      } else {
        var file = ConfigurationFile(text: "base: \(name)", name: name)
        file.overrides = overrides
        scenario = try Self.scenario(file, choices, &notes)
      }
    } else if file.hasSuffix(".json"), let profile = try Self.profile(file) {
      guard overrides.isEmpty else {
        throw RunError(
          message: "\(file): a profile has no keys to set; a scenario with 'base: \(file)' does")
      }
      scenario = WorkloadScenario(
        model: try Self.model(profile, file, choices, &notes), extent: .endless)
    } else {
      var configuration: ConfigurationFile
      do { configuration = try ConfigurationFile(path: file) } catch { throw RunError(error) }
      configuration.overrides = overrides
      scenario = try Self.scenario(configuration, choices, &notes)
    }
    try setParameters(own)
  }

  /// Parameters apart from keys deep in a scenario: `classes.short.share=0.7`.
  private static func told(
    _ text: Substring
  ) throws -> (own: [(key: String, value: String)], deep: [ConfigurationOverride]) {
    var own: [(key: String, value: String)] = []
    var deep: [ConfigurationOverride] = []
    let keys = parameterKeys + ["estimates"]
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      if pair.count == 2, pair[0].contains(where: { $0 == "." || $0 == "[" }) {
        deep.append(.init(path: pair[0], value: pair[1]))
      } else if pair.count == 2, keys.contains(pair[0]) {
        own.append((pair[0], pair[1]))
      } else {
        throw RunError(
          message: "'\(item)' is none of \(keys.map { $0 + "=" }.joined(separator: ", "))"
            + ", nor a key deep in a scenario such as arrivals.rate="
            + suggestion(for: pair[0], among: keys))
      }
    }
    return (own, deep)
  }

  private static func preset(
    _ name: String, _ choices: Choices, _ notes: inout [Note]
  ) throws -> WorkloadModel {
    guard let profile = WorkloadProfile.preset(name) else {
      return WorkloadModel.preset(name) ?? .study
    }
    return try model(profile, name, choices, &notes)
  }

  /// What is taken of a profile.
  private struct Choices {
    let margins: MarginChoice
    let arrivals: ArrivalChoice
    let dependence: DependenceChoice
  }

  private static func model(
    _ profile: WorkloadProfile, _ name: String, _ choices: Choices, _ notes: inout [Note]
  ) throws -> WorkloadModel {
    do {
      return try WorkloadModel(
        profile, margins: choices.margins, arrivals: choices.arrivals,
        dependence: choices.dependence, notes: &notes)
    } catch {
      // A preset has no file.
      let issues = (try? ConfigurationFile(path: name))?.placed(error.issues) ?? error.issues
      throw RunError(ConfigurationError(file: name, issues: issues))
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
      throw RunError(error)
    }
  }

  private static func scenario(
    _ file: ConfigurationFile, _ choices: Choices,
    _ notes: inout [Note]
  ) throws -> WorkloadScenario {
    let path = file.name
    var gathered: [Note] = []
    do {
      let scenario = try WorkloadScenario(file) { name in
        if WorkloadModel.presetNames.contains(name) {
          return try preset(name, choices, &gathered)
        }
        guard name.hasSuffix(".json") else { return nil }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let file = URL(fileURLWithPath: name, relativeTo: folder).path
        return try profile(file).map { try model($0, name, choices, &gathered) }
      }
      // What was assumed of classes that are not taken over says nothing.
      if !scenario.replacesClasses {
        notes += gathered
      } else {
        notes += gathered.filter { note in
          let key = note.scope.split(separator: ".").last ?? ""
          return !["runTime", "cpu", "memory", "jobSize", "disk"].contains(key)
        }
      }
      return scenario
    } catch {
      throw RunError(error)
    }
  }

  /// `load=0.7,cores=1250,tasks=2000,duration=3600,rate=2`.
  private mutating func setParameters(_ told: [(key: String, value: String)]) throws {
    let keys = told.map(\.key)
    if let twice = keys.enumerated().first(where: { keys.firstIndex(of: $1) != $0 })?.element {
      throw RunError(message: "\(twice)= is there twice")
    }
    if keys.contains("load"), keys.contains("rate") {
      throw RunError(message: "load= and rate= both say how often tasks come: give one of them")
    }
    for (key, text) in told {
      let pair = [key, text]
      if pair[0] == "duration", let time = TraceTime(pair[1]) {
        scenario.extent.duration = time.value
        continue
      }
      if pair[0] == "estimates" {
        guard let model = EstimateModel.named(pair[1]) else {
          throw RunError(
            message:
              "estimates '\(pair[1])' is none of \(EstimateModel.names.joined(separator: ", "))"
          )
        }
        scenario.model.estimates = model
        continue
      }
      guard let value = Double(pair[1]), value > 0, value <= 1e12 else {
        throw RunError(
          message: "\(pair[0]) '\(pair[1])' is not a number above 0, at most 1000000000000")
      }
      guard pair[0] != "tasks" || value == value.rounded() else {
        throw RunError(message: "tasks '\(pair[1])' is not a whole number")
      }
      switch pair[0] {
      case "tasks": scenario.extent.tasks = Int(value)
      case "load": load = value
      case "cores": statedCores = value
      default: scenario.model.arrivals.rate = value
      }
    }
  }

  /// What is drawn on machines of `cores` where the name does not say other cores: equal if and only if the tasks are.
  func drawn(onCores cores: Double) throws -> WorkloadScenario {
    var model = self
    try model.setLoad(onCores: cores)
    return model.scenario
  }

  /// Sets the load on a cluster of so many cores (times speeds).
  /// Does nothing where no ``load`` was asked for.
  public mutating func setLoad(onCores cores: Double?) throws {
    guard let load else { return }
    guard let cores = statedCores ?? cores else {
      throw RunError(
        message: "a load needs the cores that it is the load of, such as cores=1250")
    }
    do { try scenario.model.setLoad(load, onCores: cores) } catch {
      throw RunError(error)
    }
    scenario.askedLoad = AskedLoad(load, ofCores: cores)
  }

  /// The tasks: as many as were asked for, else ``defaultTasks``, or without end.
  ///
  /// - Parameters:
  ///   - seed: what all chance comes from.
  ///   - isEndless: whether there is no end.
  ///   - marksClasses: see `SyntheticWorkload`.
  public func source(
    seed: UInt64, isEndless: Bool = false, marksClasses: Bool = false
  ) throws -> SyntheticWorkload {
    var extent = isEndless ? .endless : scenario.extent
    if !isEndless, extent.tasks == nil, extent.duration == nil { extent.tasks = Self.defaultTasks }
    do {
      return try SyntheticWorkload(
        scenario.model, extent, seed: seed, marksClasses: marksClasses)
    } catch {
      throw RunError(error)
    }
  }
}
