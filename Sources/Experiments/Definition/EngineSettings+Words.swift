import Configuration
import Foundation

extension EngineSettings {
  /// These settings, with those that `other` has in place of its own.
  func overridden(by other: EngineSettings) -> EngineSettings {
    if other == EngineSettings() { return self }
    if self == EngineSettings() { return other }
    var merged = object.merging(other.object) { $1 }
    // One setting under two names: the inner layer's.
    for (one, same) in [("network", "networkDelay"), ("cutDrain", "accountTail")] {
      if other.object[one] != nil, other.object[same] == nil { merged[same] = nil }
      if other.object[same] != nil, other.object[one] == nil { merged[one] = nil }
    }
    return Self(merged) ?? other
  }

  private var object: [String: Any] {
    guard let data = try? JSONEncoder().encode(self) else { return [:] }
    return (try? JSONSerialization.jsonObject(with: data) as? [String: Any]) ?? [:]
  }

  /// What is not the engine's default, by the keys of experiment files, in words.
  var pairs: [(String, String)] {
    Mirror(reflecting: self).children.compactMap { child in
      guard let key = child.label, let value = Self.present(child.value) else { return nil }
      return (key, Self.words(value, key))
    }
  }

  /// In a line: `queue sjf, warmUp 1.00 d`, or what the defaults are.
  var words: String {
    // What is measured says nothing of how it works: the defaults are told beside it.
    let measured: Set = ["warmUp", "accountTail", "accountFrom", "cutDrain", "until"]
    let known = pairs
    let works = known.contains { !measured.contains($0.0) }
    return
      ((works ? [] : ["one queue, first come first served, no backfilling, continuous time"])
      + known.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }

  /// What an optional holds.
  private static func present(_ value: Any) -> Any? {
    let mirror = Mirror(reflecting: value)
    return mirror.displayStyle == .optional ? mirror.children.first?.value : value
  }

  private static func words(_ value: Any, _ key: String) -> String {
    let times: Set = [
      "step", "heartbeat", "networkDelay", "warmUp", "accountTail", "accountFrom", "until",
    ]
    switch value {
    case let name as any RawRepresentable<String>: return name.rawValue
    case let flag as Bool: return flag ? "yes" : "no"
    case let number as Double:
      return times.contains(key)
        ? Figures.readable(number, unit: "s") : String(format: "%g", number)
    default: return "\(value)"
    }
  }
}

extension ExperimentDefinition {
  /// How the engine works for a scheduler, wherever it is: the experiment's settings, and the scheduler's before
  /// them.
  public func engine(of scheduler: SchedulerDefinition) -> EngineSettings {
    engine.overridden(by: scheduler.engine)
  }

  /// How the engine works for a scheduler on a cluster: the experiment's settings, the cluster's before them, and
  /// the scheduler's before both.
  public func engine(
    of scheduler: SchedulerDefinition, on cluster: ClusterDefinition
  ) -> EngineSettings {
    (cluster.engine.map { engine.overridden(by: $0) } ?? engine).overridden(by: scheduler.engine)
  }
}

extension EngineSettings {
  /// Names of all settings, as in an experiment file.
  private static let keys = Set(Mirror(reflecting: EngineSettings()).children.compactMap(\.label))

  /// Whether a setting says how tasks are chosen and placed, so that as an axis it makes schedulers of one; any
  /// other is of where they run and of what is measured, and makes clusters of one.
  ///
  /// - Parameter key: a key of an experiment file, or a path below one.
  public static func isOfScheduling(_ key: String) -> Bool {
    [
      "mode", "gateways", "queue", "backfilling", "bindHead", "eventsOneByOne", "depth", "preempt",
      "exactEstimates", "refuse", "retries", "maxInFlight", "prediction", "predictFor",
      "decisionTimes",
    ].contains(String(key.prefix { $0 != "." }))
  }

  /// Whether the setting that a key is of, or is below, is said here.
  public func says(_ key: String) -> Bool { object[String(key.prefix { $0 != "." })] != nil }

  /// These settings without the one that a key is of, or is below.
  public func without(_ key: String) -> EngineSettings {
    guard says(key) else { return self }
    var object = object
    object[String(key.prefix { $0 != "." })] = nil
    return Self(object) ?? self
  }

  /// These settings with the one that a key is of, or is below, as `other` says it; without it where that does not.
  public func taking(_ key: String, from other: EngineSettings) -> EngineSettings {
    let top = String(key.prefix { $0 != "." })
    var object = object
    object[top] = other.object[top]
    return Self(object) ?? self
  }

  private init?(_ object: [String: Any]) {
    guard let data = try? JSONSerialization.data(withJSONObject: object),
      let settings = try? JSONDecoder().decode(EngineSettings.self, from: data)
    else { return nil }
    self = settings
  }

  /// These settings with one more, by its key in an experiment file (`queue`, `network.rackLatency`) and its
  /// value as it is written there (`sjf`, `50us`); `none` takes away failures, the network and whatever else
  /// there need not be.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - text: its value.
  ///   - whole: the settings that these are a part of: of something with parts, such as the network, the
  ///     other parts.
  /// - Throws: what an experiment file would be told.
  public func setting(
    _ key: String, to text: String, in whole: EngineSettings = EngineSettings()
  ) throws(ConfigurationError) -> EngineSettings {
    if text == "none", Self.keys.contains(key), !["backfilling", "prediction"].contains(key) {
      return without(key)
    }
    let top = String(key.prefix { $0 != "." })
    var object = object
    if key != top, object[top] == nil { object[top] = whole.object[top] }
    var file = ConfigurationFile(text: "{}", name: "engine")
    if top == "failures", let others = object[top] as? [String: Any] {
      file.overrides = others.map { .init(path: "failures.\($0)", value: "\($1)") }
    }
    file.overrides.append(.init(path: key, value: text))
    let one = try file.read { EngineSettings($0) }
    func merged(_ a: [String: Any], _ b: [String: Any]) -> [String: Any] {
      a.merging(b) { old, new in
        if key != top, let old = old as? [String: Any], let new = new as? [String: Any] {
          return merged(old, new)
        }
        return new
      }
    }
    guard let settings = Self(merged(object, one.object)), settings.issues.isEmpty else {
      throw ConfigurationError(
        file: "engine", issues: [.init(path: key, message: "cannot be set beside the others")])
    }
    return settings
  }
}
