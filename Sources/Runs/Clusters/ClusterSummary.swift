import Foundation
import Quoting
import Simulation
import Workload

/// The machines of a cluster by kind, the commonest first.
public struct ClusterSummary {
  /// Machines that are alike.
  public struct Kind: Hashable, Sendable {
    /// Cores.
    public var cores: Double
    /// Memory in GiB; nil where it is not known and so not modelled.
    public var memory: Double?
    /// GPUs; nil where they are not known and so not modelled.
    public var gpus: Double?
    /// Speed; 1 is the usual one.
    public var speed: Double
  }

  /// What the cluster is called.
  public let name: String
  /// How many machines it has.
  public let machines: Int
  /// Its cores times their speeds.
  public let effectiveCores: Double
  /// Kinds, and how many machines of each.
  public let kinds: [(kind: Kind, machines: Int)]
  /// Resources that are not known, and of how many machines.
  private let unknown: [(resource: String, machines: Int)]
  /// Machines whose cores are not known.
  private let withoutCores: Int
  /// What is to be known of the list that they are of.
  public let notes: [Note]

  /// Counts the machines of `layout`; O(machines).
  public init(_ layout: ClusterLayout, name: String) {
    self.name = name
    machines = layout.machines.count
    notes = layout.notes
    effectiveCores = layout.effectiveCores
    let left = layout.unmodelled
    let noLimit = ClusterLayout.unlimited(onEachOf: layout.machines.count)
    // Where memory has no limit, its number is only a large one.
    func memory(_ machine: MachineDescription) -> Double? {
      left.contains(.memory)
        || (layout.machinesOfUnknownMemory > 0 && machine.capacity.memory == noLimit)
        ? nil : machine.capacity.memory.gibibytes
    }
    unknown = [
      ("memory", left.contains(.memory) ? machines : layout.machinesOfUnknownMemory),
      ("disk", left.contains(.disk) ? machines : layout.machinesOfUnknownDisk),
      ("GPUs", left.contains(.gpu) ? machines : 0),
    ].filter { $0.1 > 0 }
    withoutCores = layout.machinesOfUnknownCPU
    var counts: [Kind: Int] = [:]
    for machine in layout.machines {
      counts[
        Kind(
          cores: machine.capacity.cpu.value, memory: memory(machine),
          gpus: left.contains(.gpu) ? nil : Double(machine.capacity.milliGPU) / 1000,
          speed: machine.speed), default: 0] += 1
    }
    // By all that tells kinds apart: those in a dictionary have no order of their own.
    func size(_ kind: Kind) -> (Double, Double, Double, Double) {
      (kind.cores, kind.memory ?? -1, kind.gpus ?? -1, kind.speed)
    }
    kinds = counts.sorted {
      $0.value == $1.value ? size($0.key) > size($1.key) : $0.value > $1.value
    }.map { ($0.key, $0.value) }
  }

  /// As JSON.
  package var object: [String: Any] {
    [
      "cluster": name, "machines": machines, "effective_cores": effectiveCores,
      "kinds": kinds.map { kind, count -> [String: Any] in
        [
          "machines": count, "cores": kind.cores, "memory_gib": kind.memory ?? NSNull() as Any,
          "gpus": kind.gpus ?? NSNull() as Any,
          "speed": kind.speed,
        ]
      },
      "notes": notes.map(\.object),
    ]
  }

  /// For people: the twenty commonest kinds.
  package var text: String {
    var table = TextTable(header: ["machines", "cores", "GiB", "GPUs", "speed"], left: [])
    for (kind, count) in kinds.prefix(20) {
      table.add([
        grouped(count), significant(kind.cores), kind.memory.map { significant($0) } ?? "-",
        kind.gpus.map { significant($0) } ?? "-",
        significant(kind.speed),
      ])
    }
    var text = "\(name): \(counted(machines, "machine")), "
    text += "\(significant(effectiveCores, digits: 5)) cores times their speeds\n" + table.text
    if kinds.count > 20 { text += "  and \(grouped(kinds.count - 20)) more kinds\n" }
    let names = unknown.map { resource, count in
      resource + (count < machines ? " of \(counted(count, "machine"))" : "")
    }
    if !names.isEmpty {
      text += "  not known, so not modelled: \(names.joined(separator: ", "))\n"
    }
    if withoutCores > 0 {
      text += "  not known, so counted as none: cores of \(counted(withoutCores, "machine"))\n"
    }
    return text + notes.map { "  \(Quoting.visible($0.text))\n" }.joined()
  }
}
