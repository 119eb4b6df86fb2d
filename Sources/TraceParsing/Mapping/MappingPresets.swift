import Configuration
import Diagnostics
import ShippedFiles
import Synchronization
import Tables
import TraceInput

extension MappedTableFormat {
  /// The public traces that a mapping reads, in the order in which they are asked. A new one is a file in `Presets`
  /// and an entry in `Sources/CShipped/shipped.c`.
  public static let presets = ShippedFile.mappings.filter { $0 != "opendc" }.map(preset)

  /// The tasks.parquet of OpenDC workloads from 2023 on.
  public static let openDC = preset("opendc")

  /// The same with `mem_capacity` in one of `memoryUnits`: OpenDC's page calls it MB, its loader
  /// (ComputeWorkloadLoader.kt) divides it by 1000 "from KB to MB", and its workloads are so.
  public static func openDC(memoryUnit: String) -> MappedTableFormat {
    var mapping = openDC.mapping
    mapping.columns["memory_bytes"]?.unit = memoryUnit
    // Its only note is about the unit.
    mapping.notes = []
    return MappedTableFormat(name: openDC.name, mapping: mapping)
  }

  /// The traces whose tables have a row for each type of machine, where a type is chosen.
  public static func azurePacking(machineType: String) -> MappedTableFormat {
    preset("azure-packing-2020").choosing(machineType)
  }

  /// The same format where `choice` is what the user chooses of joined tables that leave a choice.
  public func choosing(_ choice: String) -> MappedTableFormat {
    var mapping = mapping
    for (place, join) in mapping.joins.enumerated() {
      guard let column = join.choice else { continue }
      mapping.joins[place].table.only.append(RowCondition(column: column, patterns: [choice]))
    }
    return MappedTableFormat(name: name, mapping: mapping, isDescribed: isDescribed)
  }

  /// The units that `mem_capacity` can be in.
  public static let memoryUnits = ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]

  /// The format that a mapping of the program's own describes; it is read where the format is first asked.
  private static func preset(_ name: String) -> MappedTableFormat {
    MappedTableFormat(name: name, preset: PresetMapping(name: name))
  }
}

/// A mapping of the program's own, read once, where it is first asked for: most inputs are recognised before.
final class PresetMapping: Sendable {
  private let name: String
  private let read = Mutex<TableMapping?>(nil)

  init(name: String) { self.name = name }

  var mapping: TableMapping {
    read.withLock { read in
      if let read { return read }
      do {
        guard let text = ShippedFile.text("mappings/\(name)") else {
          preconditionFailure("the program has no mapping \(name)")
        }
        let file = ConfigurationFile(text: text, name: name)
        let mapping = try TableMapping(file: file)
        precondition(
          mapping.name == name, "the mapping \(name) calls itself \(mapping.name ?? "nothing")")
        read = mapping
        return mapping
      } catch {
        preconditionFailure("a mapping of the program's own is wrong: \(error)")
      }
    }
  }
}
