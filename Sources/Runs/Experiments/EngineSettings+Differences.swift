import Experiments
import Foundation

extension EngineSettings {
  /// Only those settings that differ from `defaults`: the engine of an experiment that is made of options.
  public func differences(from defaults: EngineSettings) throws -> EngineSettings {
    func keys(_ settings: EngineSettings) throws -> [String: Any] {
      let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings))
      return object as? [String: Any] ?? [:]
    }
    func text(_ value: Any) throws -> Data {
      try JSONSerialization.data(withJSONObject: [value], options: .sortedKeys)
    }
    let usual = try keys(defaults).mapValues(text)
    let said = try keys(self).filter { key, value in try text(value) != usual[key] }
    return try JSONDecoder().decode(
      EngineSettings.self, from: JSONSerialization.data(withJSONObject: said))
  }
}
