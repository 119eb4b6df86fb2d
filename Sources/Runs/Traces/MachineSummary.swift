import Foundation
import Quoting
import TraceParsing
import Workload

/// The machines of a trace.
public struct MachineSummary {
  private var initial = 0
  private var ever: Set<Int64> = []
  private var mix: [Kind: Int] = [:]
  private let partitions: [(name: String, machines: Int)]
  private let notes: [Note]

  /// Machines that are alike, in what is known of them: no machine has no cores or no memory.
  struct Kind: Hashable {
    var cores: Cores?
    var memory: Bytes?

    init(_ event: MachineEvent) {
      let capacity = event.capacity
      cores = capacity.cpu > .zero ? capacity.cpu : nil
      memory =
        capacity.memory > .zero && !event.unknown.contains(.memory) ? capacity.memory : nil
    }
  }

  /// Counts them.
  public init(_ list: MachineEventList) {
    notes = list.notes
    partitions = list.partitions.map { ($0.key, $0.value.count) }
      .sorted { (-$0.1, $0.0) < (-$1.1, $1.0) }
    for event in list.events {
      ever.insert(event.machine)
      if event.time == .zero, event.kind == .add {
        initial += 1
        mix[Kind(event), default: 0] += 1
      }
    }
  }

  private var largest: [(kind: Kind, machines: Int)] {
    mix.sorted {
      ($0.value, $0.key.cores ?? .zero, $0.key.memory ?? .zero) > (
        $1.value, $1.key.cores ?? .zero, $1.key.memory ?? .zero
      )
    }.map { ($0.key, $0.value) }
  }

  /// The commonest kinds, as many as a page shows; nil is not known.
  var kinds: [(cores: Double?, memory: Double?, machines: Int)] {
    largest.prefix(20).map { ($0.kind.cores?.value, $0.kind.memory?.gibibytes, $0.machines) }
  }

  var text: String {
    var text =
      "  \(counted(initial, "machine")) at the start, \(grouped(ever.count)) ever\n"
    var lines = TextTable(left: [])
    for (kind, count) in largest.prefix(10) {
      lines.add([
        grouped(count), "×",
        kind.cores.map { significant($0.value) + " cores" } ?? "cores not known",
        kind.memory.map { significant($0.gibibytes) + " GiB" } ?? "memory not known",
      ])
    }
    text += lines.text.split(separator: "\n").map { "  \($0)\n" }.joined()
    if !partitions.isEmpty {
      let shown = partitions.prefix(10).map {
        "\(Quoting.visible($0.name)) \(grouped($0.machines))"
      }
      text += "  partitions: \(shown.joined(separator: ", "))"
      text += partitions.count > 10 ? " and \(partitions.count - 10) more\n" : "\n"
    }
    return text + notes.map { "  \(Quoting.visible($0.text))\n" }.joined()
  }

  var object: [String: Any] {
    var object: [String: Any] = [
      "at_start": initial, "ever": ever.count,
      "mix_at_start": largest.map { kind, count -> [String: Any] in
        [
          "cpu_cores": kind.cores.map(\.value) ?? NSNull() as Any,
          "memory_bytes": kind.memory.map(\.rawValue) ?? NSNull() as Any, "machines": count,
        ]
      },
    ]
    if !partitions.isEmpty {
      object["partitions"] = Dictionary(
        uniqueKeysWithValues: partitions.map { ($0.name, $0.machines) })
    }
    if !notes.isEmpty { object["notes"] = notes.map(\.object) }
    return object
  }
}
