import TraceParsing
import Workload

/// The machines of a trace.
public struct MachineSummary {
  private var initial = 0
  private var ever: Set<Int64> = []
  private var mix: [Resources: Int] = [:]

  /// Counts them.
  public init(_ list: MachineEventList) {
    for event in list.events {
      ever.insert(event.machine)
      if event.time == .zero, event.kind == .add {
        initial += 1
        mix[event.capacity, default: 0] += 1
      }
    }
  }

  private var largest: [(Resources, Int)] {
    mix.sorted {
      ($0.value, $0.key.cpu, $0.key.memory.rawValue) > (
        $1.value, $1.key.cpu, $1.key.memory.rawValue
      )
    }
  }

  /// The commonest kinds, as many as a page shows.
  var kinds: [(cores: Double, memory: Double, machines: Int)] {
    largest.prefix(20).map { ($0.cpu.value, $0.memory.gibibytes, $1) }
  }

  var text: String {
    var text =
      "  \(counted(initial, "machine")) at the start, \(grouped(ever.count)) ever\n"
    var lines = TextTable(left: [])
    for (capacity, count) in largest.prefix(10) {
      lines.add([
        grouped(count), "×", significant(capacity.cpu.value) + " cores",
        significant(capacity.memory.gibibytes) + " GiB",
      ])
    }
    text += lines.text.split(separator: "\n").map { "  \($0)\n" }.joined()
    return text
  }

  var object: [String: Any] {
    [
      "at_start": initial, "ever": ever.count,
      "mix_at_start": largest.map {
        [
          "cpu_cores": $0.cpu.value, "memory_bytes": $0.memory.rawValue, "machines": $1,
        ] as [String: Any]
      },
    ]
  }
}
