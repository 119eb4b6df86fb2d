import Foundation
import Quoting
import Simulation
import Workload

/// A cluster as a file that can be changed: fewer machines, others, faster ones.
struct ClusterFile {
  /// The groups.
  let spec: ClusterSpec
  /// What a reader has to know of them.
  let remarks: [String]

  /// A specification as it is.
  init(_ spec: ClusterSpec) { (self.spec, remarks) = (spec, []) }

  /// The machines that are there when a run begins, as groups of like ones in the order in which their kinds come.
  ///
  /// Exact in CPU, memory, disk, GPUs, their type, speed and power. What is known of no machine is left out; what is
  /// known of some only is ``noLimit`` of the others. O(machines).
  init(_ layout: ClusterLayout) {
    struct Kind: Hashable {
      var machine: MachineDescription
      var gpuType: String?
    }
    var places: [Kind: Int] = [:]
    var groups: [MachineGroup] = []
    // A group has cores.
    for machine in layout.machines where machine.isUp && machine.capacity.cpu > .zero {
      let platform = Int(machine.platform)
      let type = layout.platforms.indices.contains(platform) ? layout.platforms[platform] : ""
      let hasType = machine.capacity.milliGPU > 0 && !type.isEmpty
      var kind = Kind(machine: machine, gpuType: hasType ? type : nil)
      (kind.machine.number, kind.machine.platform) = (0, 0)
      if let place = places[kind] {
        groups[place].count += 1
      } else {
        places[kind] = groups.count
        groups.append(MachineGroup(machine, gpuType: kind.gpuType, of: layout))
      }
    }
    spec = ClusterSpec(groups: groups)
    let absent = layout.machines.count { !$0.isUp }
    let unknown = [
      ("memory", layout.machinesOfUnknownMemory), ("disk", layout.machinesOfUnknownDisk),
    ].filter { $0.1 > 0 && $0.1 < layout.machines.count }
    remarks =
      [
        absent > 0 ? "not in it: \(counted(absent, "machine")) that came later" : nil,
        layout.events.isEmpty
          ? nil : "not in it: \(counted(layout.events.count, "later change")) of machines",
        "not in it: the machines' names, order and attributes",
        layout.machinesOfUnknownCPU > 0
          ? "not in it: \(counted(layout.machinesOfUnknownCPU, "machine")) of unknown cores" : nil,
      ].compactMap { $0 }
      + unknown.map {
        "\($0) of \(counted($1, "machine")) is not known: \(Int(Self.noLimit)) GiB stand for no limit"
      }
      + layout.notes.map { Quoting.visible($0.text) }
  }

  /// What stands for no limit, in GiB.
  static let noLimit = Double(1_000_000)

  /// As YAML that ``NamedCluster`` reads back: a line a group.
  func text(of name: String) -> String {
    var text = "# \(Quoting.visible(name))\n"
    for line in remarks { text += "# \(line)\n" }
    text += "groups:\n"
    for group in spec.groups {
      let fields = group.fields.map { "\($0.key): \($0.value)" }
      text += "  - { \(fields.joined(separator: ", ")) }\n"
    }
    return text
  }
}

extension MachineGroup {
  /// One machine.
  fileprivate init(_ machine: MachineDescription, gpuType: String?, of layout: ClusterLayout) {
    let power = machine.power
    let unlimited = ClusterLayout.unlimited(onEachOf: layout.machines.count)
    func amount(_ bytes: Bytes, unknown: Int, _ resource: RunRemarks.Unmodelled) -> ValueRange? {
      guard unknown < layout.machines.count, !layout.unmodelled.contains(resource) else {
        return nil
      }
      return .init(unknown > 0 && bytes == unlimited ? ClusterFile.noLimit : bytes.gibibytes)
    }
    func watts(_ value: Watts) -> ValueRange? { value.value > 0 ? .init(value.value) : nil }
    let cores = machine.capacity.cpu.value
    self.init(count: 1, cores: cores...cores, memoryGiB: 0...0)
    memoryGiB = amount(
      machine.capacity.memory, unknown: layout.machinesOfUnknownMemory, .memory)
    diskGiB = amount(machine.capacity.disk, unknown: layout.machinesOfUnknownDisk, .disk)
    gpus =
      layout.unmodelled.contains(.gpu)
      ? nil : .init(Double(machine.capacity.milliGPU) / 1000)
    self.gpuType = gpuType
    speed = machine.speed == 1 ? nil : .init(machine.speed)
    (idleWatts, dynamicWatts) = (watts(power.idle), watts(power.dynamic))
    sleepWatts = watts(power.sleep)
    sleepAfterSeconds = power.sleepAfter == .never ? nil : power.sleepAfter.seconds
    wakeSeconds = power.wakeDelay == .zero ? nil : power.wakeDelay.seconds
    powerCurve = power.curve.isEmpty ? nil : power.curve
  }

  /// What a file says of it, in the order of `tracemill cluster --print-example`.
  fileprivate var fields: [(key: String, value: String)] {
    func text(_ range: ValueRange?) -> String? {
      range.map { $0.low == $0.high ? number($0.low) : "[\(number($0.low)), \(number($0.high))]" }
    }
    let fields: [(String, String?)] = [
      ("name", name.map(quoted)), ("count", "\(count)"), ("cores", text(cores)),
      ("memoryGiB", text(memoryGiB)), ("diskGiB", text(diskGiB)), ("gpus", text(gpus)),
      ("gpuType", gpuType.map(quoted)), ("speed", text(speed)), ("idleWatts", text(idleWatts)),
      ("dynamicWatts", text(dynamicWatts)),
      ("powerCurve", powerCurve.map { "[\($0.map(number).joined(separator: ", "))]" }),
      ("sleepAfterSeconds", sleepAfterSeconds.map(number)), ("sleepWatts", text(sleepWatts)),
      ("wakeSeconds", wakeSeconds.map(number)),
    ]
    return fields.compactMap { key, value in value.map { (key, $0) } }
  }

  /// The shortest text that reads back as the same number.
  private func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  /// In double quotes, as JSON and YAML both have them.
  private func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let bytes = try? encoder.encode(text)
    return Quoting.json(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "\"\"")
  }
}
