import Configuration
import Foundation

extension EngineSettings {
  /// These settings, with those that `other` has in place of its own.
  func overridden(by other: EngineSettings) -> EngineSettings {
    let merged = object.merging(other.object) { $1 }
    guard let data = try? JSONSerialization.data(withJSONObject: merged),
      let settings = try? JSONDecoder().decode(EngineSettings.self, from: data)
    else { return other }
    return settings
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
    pairs.isEmpty
      ? "one queue, first come first served, no backfilling, continuous time"
      : pairs.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
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
  /// How the engine works for a scheduler: the experiment's settings, and the scheduler's before them.
  public func engine(of scheduler: SchedulerDefinition) -> EngineSettings {
    engine.overridden(by: scheduler.engine)
  }
}

extension EngineSettings {
  /// These settings with one more, by its key in an experiment file (`queue`, `network.rackLatency`) and its
  /// value as it is written there (`sjf`, `50us`).
  ///
  /// - Throws: what an experiment file would be told.
  public func setting(_ key: String, to text: String) throws(ConfigurationError) -> EngineSettings {
    var file = ConfigurationFile(text: "{}", name: "engine")
    file.overrides = [.init(path: key, value: text)]
    let one = try file.read { EngineSettings($0) }
    func merged(_ a: [String: Any], _ b: [String: Any]) -> [String: Any] {
      a.merging(b) { old, new in
        if let old = old as? [String: Any], let new = new as? [String: Any] {
          return merged(old, new)
        }
        return new
      }
    }
    let object = merged(self.object, one.object)
    guard let data = try? JSONSerialization.data(withJSONObject: object),
      let settings = try? JSONDecoder().decode(EngineSettings.self, from: data),
      settings.issues.isEmpty
    else {
      throw ConfigurationError(
        file: "engine", issues: [.init(path: key, message: "cannot be set beside the others")])
    }
    return settings
  }
}
