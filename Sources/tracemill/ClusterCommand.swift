import ArgumentParser
import Configuration
import Foundation
import Runs
import Simulation

/// `tracemill cluster`: what a specification of machines is, and what one comes to.
struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Print an example of a cluster file, or what machines a cluster has.",
    discussion: """
      Examples:
        tracemill cluster --print-example > mine.yaml
        tracemill cluster mine.yaml
        tracemill cluster tiers:100
      """)

  @Argument(
    help: ArgumentHelp("The cluster, as for simulate.", valueName: "cluster"), completion: .file())
  var cluster: String?

  @Flag(help: "Print a cluster file with comments, and do nothing else.")
  var printExample = false

  @Option(help: ArgumentHelp("What ranges are drawn with.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Reading") var reading: TraceOptions

  mutating func validate() throws {
    guard printExample != (cluster != nil) else {
      throw ValidationError("expected a cluster, or --print-example")
    }
  }

  func run() throws {
    guard let cluster else { return try writeOutput(ClusterSpec.example) }
    let layout = try NamedCluster(cluster, reading: reading.settings()).layout(seed: seed)
    let left = layout.unmodelled
    let noLimit = ClusterLayout.unlimited(onEachOf: layout.machines.count).gibibytes
    // Where memory has no limit, its number is only a large one.
    func memory(_ kind: Kind) -> Double? {
      left.contains(.memory) || (layout.machinesOfUnknownMemory > 0 && kind.memory == noLimit)
        ? nil : kind.memory
    }
    struct Kind: Hashable {
      var cores: Double, memory: Double, gpus: Double, speed: Double
    }
    var counts: [Kind: Int] = [:]
    for machine in layout.machines {
      counts[
        Kind(
          cores: machine.capacity.cpu.value, memory: machine.capacity.memory.gibibytes,
          gpus: Double(machine.capacity.milliGPU) / 1000, speed: machine.speed), default: 0] += 1
    }
    if json {
      let object: [String: Any] = [
        "cluster": cluster, "machines": layout.machines.count,
        "effective_cores": layout.effectiveCores,
        "kinds": counts.sorted {
          ($0.value, $0.key.cores, $0.key.memory) > ($1.value, $1.key.cores, $1.key.memory)
        }.map { kind, count -> [String: Any] in
          [
            "machines": count, "cores": kind.cores,
            "memory_gib": memory(kind) ?? NSNull() as Any,
            "gpus": left.contains(.gpu) ? NSNull() : kind.gpus, "speed": kind.speed,
          ]
        },
      ]
      return try writeOutput(try jsonText(object) + "\n")
    }
    var table = TextTable(header: ["machines", "cores", "GiB", "GPUs", "speed"], left: [])
    let kinds = counts.sorted {
      ($0.value, $0.key.cores, $0.key.memory) > ($1.value, $1.key.cores, $1.key.memory)
    }
    for (kind, count) in kinds.prefix(20) {
      table.add([
        grouped(count), significant(kind.cores), memory(kind).map { significant($0) } ?? "-",
        left.contains(.gpu) ? "-" : significant(kind.gpus), significant(kind.speed),
      ])
    }
    var text = "\(cluster): \(counted(layout.machines.count, "machine")), "
    text +=
      "\(significant(layout.effectiveCores, digits: 5)) cores times their speeds\n" + table.text
    if kinds.count > 20 { text += "  and \(grouped(kinds.count - 20)) more kinds\n" }
    let count = layout.machines.count
    let unknown = [
      ("memory", left.contains(.memory) ? count : layout.machinesOfUnknownMemory),
      ("disk", left.contains(.disk) ? count : layout.machinesOfUnknownDisk),
      ("GPUs", left.contains(.gpu) ? count : 0),
    ].filter { $0.1 > 0 }.map { name, machines in
      name + (machines < count ? " of \(counted(machines, "machine"))" : "")
    }
    if !unknown.isEmpty {
      text += "  not known, so not modelled: \(unknown.joined(separator: ", "))\n"
    }
    try writeOutput(text)
  }
}
