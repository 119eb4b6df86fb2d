import Configuration
import Diagnostics
import Foundation
import TraceInput
import Workload

/// The hosts of an OpenDC topology as machines: `clusters` (or `datacenters` of them) with `hosts`, each so many
/// times, of so many CPUs with so many cores.
///
/// `memorySize` is bytes in OpenDC's document and MB in its older files: where no host of a file has as much as
/// 64 MiB, it is MB, and a note says so. A text has its unit (`16 GiB`). Clock rates and power models are left out.
struct OpenDCTopology: MachineListing {
  private let group: TraceInput.Group

  /// No cluster has more.
  private static let limit = 1_000_000
  private static let sizeLimit = 16 << 20
  private static let leastBytes = 64.0 * 1_048_576

  init?(_ group: TraceInput.Group) {
    guard TableLayout.kind(of: group.head) == .json else { return nil }
    let text = String(decoding: group.head, as: UTF8.self)
    guard ["\"clusters\"", "\"hosts\"", "\"coreCount\""].allSatisfy(text.contains) else {
      return nil
    }
    self.group = group
  }

  private struct Host {
    var count: Int
    var cores: Double
    var memory: Double
    var hasUnit: Bool
    var gpus: Int
    var cluster: String
  }

  func read(_ options: ReadOptions) throws(TraceError) -> MachineEventList {
    let text = try text(options)
    let hosts: [Host]
    do throws(ConfigurationError) {
      hosts = try ConfigurationFile(text: text, name: group.files[0].name).read(Self.hosts)
    } catch {
      // The first of them; the file is one document.
      let issue = error.issues[0]
      throw TraceError(
        .malformedRow, issue.path.isEmpty ? issue.message : "\(issue.path) \(issue.message)",
        file: group.files[0].name, line: issue.line > 0 ? issue.line : nil,
        column: issue.column > 0 ? issue.column : nil)
    }
    guard hosts.reduce(0, { $0 + min($1.count, Self.limit) }) <= Self.limit else {
      throw TraceError(
        .malformedRow, "more than \(Self.limit) hosts", file: group.files[0].name)
    }
    let plain = hosts.filter { !$0.hasUnit }
    let isMB = !plain.isEmpty && plain.allSatisfy { $0.memory < Self.leastBytes }
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var survey = TableSurvey()
    survey.rows = hosts.count
    for host in hosts {
      let memory = host.memory * (isMB && !host.hasUnit ? 1e6 : 1)
      for _ in 0..<host.count {
        let number = Int64(list.events.count)
        list.events.append(
          MachineEvent(
            time: .zero, machine: number, kind: .add,
            capacity: Resources(
              cpu: Cores(host.cores), memory: Bytes(rounding: memory),
              milliGPU: Int64(host.gpus) * 1000),
            unknown: [.disk]))
        list.partitions[host.cluster, default: []].insert(number)
      }
    }
    survey.beforeStart = list.events.count
    list.survey = survey
    if isMB {
      list.notes.append(
        Note(
          .assumed, "memorySize",
          "no host has as much as 64 MiB: memorySize is taken as MB, as OpenDC's older files have it"
        ))
    }
    return list
  }

  private func text(_ options: ReadOptions) throws(TraceError) -> String {
    var parts = PartCursor(group, options)
    guard let (file, stream) = try parts.next() else { return "" }
    let bytes = Array(try stream.peek(Self.sizeLimit + 1))
    guard bytes.count <= Self.sizeLimit else {
      throw TraceError(.malformedRow, "is longer than \(Self.sizeLimit >> 20) MiB", file: file.name)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hosts(_ root: ConfigurationNode) -> [Host]? {
    root.ignoreOtherKeys()
    var hosts: [Host] = []
    let centres = root["datacenters"] == nil ? [root] : root.list("datacenters") ?? []
    for (place, centre) in centres.enumerated() {
      centre.ignoreOtherKeys()
      guard let clusters = centre.list("clusters", required: true) else { continue }
      for (number, cluster) in clusters.enumerated() {
        cluster.ignoreOtherKeys()
        let name = cluster.string("name") ?? "cluster \(place + 1).\(number + 1)"
        let count = cluster.integer("count", in: 1...limit) ?? 1
        for node in cluster.list("hosts", required: true) ?? [] {
          guard var host = host(node, name) else { continue }
          host.count = min(
            limit + 1, host.count.multipliedReportingOverflow(by: count).partialValue)
          hosts.append(host)
        }
      }
    }
    return hosts
  }

  private static func host(_ node: ConfigurationNode, _ cluster: String) -> Host? {
    node.ignoreOtherKeys()
    let count = node.integer("count", in: 1...limit) ?? 1
    let cpu = node["cpu"] != nil ? node.object("cpu") : node.object("cpuModel", required: true)
    let memory = node.object("memory", required: true)
    guard let cpu, let memory else { return nil }
    cpu.ignoreOtherKeys()
    memory.ignoreOtherKeys()
    let cpus = cpu.integer("count", in: 1...1_000_000) ?? 1
    guard let cores = cpu.integer("coreCount", in: 1...1_000_000, required: true) else {
      return nil
    }
    let size = memory["memorySize"] ?? memory["size"]
    guard let size else {
      memory.problem(at: "memorySize", "is missing")
      return nil
    }
    var gpus = 0
    if let gpu = node["gpu"] ?? node["gpuModel"], gpu.isObject {
      gpu.ignoreOtherKeys()
      gpus = gpu.integer("count", in: 0...1_000_000) ?? 1
    }
    guard let amount = bytes(size) else { return nil }
    return Host(
      count: count, cores: Double(cpus) * Double(cores), memory: amount.bytes,
      hasUnit: amount.hasUnit, gpus: gpus, cluster: cluster)
  }

  /// A number, or a text with its unit.
  private static func bytes(_ node: ConfigurationNode) -> (bytes: Double, hasUnit: Bool)? {
    guard let text = node.string(), !text.isEmpty else { return nil }
    if let number = Double(text), (0...9e18).contains(number) { return (number, false) }
    let parts = text.split(separator: " ")
    if parts.count == 2, let number = Double(parts[0]), let unit = UnitName.sizes[String(parts[1])],
      (0...9e18).contains(number * unit)
    {
      return (number * unit, true)
    }
    node.problem("'\(text.prefix(40))' is no size")
    return nil
  }
}
