import Foundation
import MARL
import Simulation

/// A scheduler by name: one of the catalogue's, or `marl:FILE`, `one-step:FILE`.
struct SchedulerArgument {
  /// As the user wrote it.
  let name: String
  private let make: @Sendable (Double?) -> any PlacementPolicy

  init(_ name: String) throws {
    self.name = name
    if name.hasPrefix("marl:") {
      let path = String(name.dropFirst("marl:".count))
      do {
        let model = try PolicyModel(path: path)
        let label = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        make = { _ in MARLScheduler(model, name: "marl:\(label)") }
      } catch let error as CheckpointError {
        throw CommandFailure(message: "\(path): \(error)")
      }
    } else if name.hasPrefix("one-step:") {
      let path = String(name.dropFirst("one-step:".count))
      guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFailure(message: "\(path): cannot be read")
      }
      guard let rule = try? JSONDecoder().decode(TunedRule.self, from: data) else {
        throw CommandFailure(
          message: "\(path): not a tuned rule; expected what `tracemill tune` writes")
      }
      make = { OneStepReward(rule.constants(at: $0)) }
    } else {
      guard PolicyCatalog.make(name) != nil else {
        throw CommandFailure(message: Self.noSuch(name))
      }
      make = { _ in PolicyCatalog.make(name) ?? RandomPlacement() }
    }
  }

  /// Whether the scheduler is in a file.
  static func namesFile(_ name: String) -> Bool { file(name) != nil }

  /// The file that a scheduler is in, after its `marl:` or `one-step:`; nil for one of the catalogue.
  static func file(_ name: String) -> (kind: String, path: String)? {
    guard let kind = ["marl:", "one-step:"].first(where: name.hasPrefix) else { return nil }
    return (kind, String(name.dropFirst(kind.count)))
  }

  /// What to say of a name that stands for nothing.
  static func noSuch(_ name: String) -> String {
    let names = PolicyCatalog.entries.map(\.name)
    return unknownName("scheduler", name, among: names)
  }

  /// The policy, for a load where that is known: a rule tuned by load takes its constants.
  func policy(load: Double? = nil) -> any PlacementPolicy { make(load) }
}
