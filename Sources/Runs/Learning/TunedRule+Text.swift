import Foundation
import MARL

extension TunedRule {
  /// A row for each load that it was tuned for.
  package var text: String {
    var table = TextTable(header: ["tuned for load", "candidates", "reward"], left: [0])
    for entry in entries {
      table.add([
        entry.load.map { significant($0) } ?? "all", "\(entry.constants.candidates)",
        fixed(entry.reward, 4),
      ])
    }
    return table.text
  }
}
