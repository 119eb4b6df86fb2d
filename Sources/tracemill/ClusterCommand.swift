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
            "machines": count, "cores": kind.cores, "memory_gib": kind.memory, "gpus": kind.gpus,
            "speed": kind.speed,
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
        grouped(count), significant(kind.cores), significant(kind.memory), significant(kind.gpus),
        significant(kind.speed),
      ])
    }
    var text = "\(cluster): \(counted(layout.machines.count, "machine")), "
    text +=
      "\(significant(layout.effectiveCores, digits: 5)) cores times their speeds\n" + table.text
    if kinds.count > 20 { text += "  and \(grouped(kinds.count - 20)) more kinds\n" }
    try writeOutput(text)
  }
}
