import Configuration
import Foundation
import Simulation
import TraceParsing
import Workload

/// `--cluster`: a trace's machines, a specification, or the study's tiers.
struct ClusterArgument {
  private let argument: String
  private let reading: TraceOptions
  private let rejects: RejectLog?

  init(_ argument: String, reading: TraceOptions, rejects: RejectLog? = nil) {
    self.argument = argument
    self.reading = reading
    self.rejects = rejects
  }

  func layout(seed: UInt64) throws -> ClusterLayout {
    do {
      if argument.hasPrefix("study:") {
        guard let machines = Int(argument.dropFirst("study:".count)),
          (1...ClusterSpec.machineLimit).contains(machines)
        else {
          throw CommandFailure(
            message: "'\(argument)': expected study:N with N from 1 to \(ClusterSpec.machineLimit)")
        }
        return try ClusterLayout(.studyTiers(machines: machines), seed: seed)
      }
      if argument.hasPrefix("tiers:") {
        guard let machines = Int(argument.dropFirst("tiers:".count)),
          (1...ClusterSpec.machineLimit).contains(machines)
        else {
          throw CommandFailure(
            message: "'\(argument)': expected tiers:N with N from 1 to \(ClusterSpec.machineLimit)")
        }
        return try ClusterLayout(.studyTiersWithSpeeds(machines: machines), seed: seed)
      }
      if [".yaml", ".yml", ".json"].contains(where: argument.hasSuffix) {
        return try ClusterLayout(specification(), seed: seed)
      }
      return try trace()
    } catch let error as ClusterError {
      throw CommandFailure(message: "\(argument): \(error)")
    }
  }

  private func specification() throws -> ClusterSpec {
    do {
      return try ConfigurationFile(path: argument).read(ClusterSpec.init)
    } catch {
      throw CommandFailure(message: "\(error)")
    }
  }

  private func trace() throws -> ClusterLayout {
    let meter = ReadMeter()
    // The tables of the workload, given for a workload's sake, say nothing of the cluster's.
    var reading = self.reading
    reading.table = nil
    let trace = try reading.open(argument, meter: meter, notes: false)
    let options = try reading.readOptions(meter: meter, rejects: rejects)
    guard let list = try trace.machineEvents(options) else {
      throw CommandFailure(
        message: "\(argument): no machine_events here; a cluster needs them, or a specification")
    }
    return try ClusterLayout(list.events)
  }
}

extension ClusterSpec {
  /// The groups of a specification, every issue noted.
  init?(_ root: ConfigurationNode) {
    let groups = root.list("groups", required: true)?.map { MachineGroup($0) } ?? []
    let known = groups.compactMap { $0 }
    guard !known.isEmpty || groups.isEmpty, known.count == groups.count else { return nil }
    self.init(groups: known)
    for issue in issues() { root.problem(at: issue.path, issue.message) }
  }
}

extension MachineGroup {
  fileprivate init?(_ node: ConfigurationNode) {
    let name = node.string("name")
    let count = node.integer("count", in: 0...ClusterSpec.machineLimit, required: true)
    let cores = ValueRange(node, "cores", required: true)
    let memory = ValueRange(node, "memoryGiB", required: true)
    // What is wrong with these has been noted by the time that a missing one ends the group.
    let disk = ValueRange(node, "diskGiB")
    let gpus = ValueRange(node, "gpus")
    let speed = ValueRange(node, "speed")
    let power = ["idleWatts", "dynamicWatts", "sleepWatts"].map { ValueRange(node, $0) }
    let sleepAfter = node.number("sleepAfterSeconds")
    let wake = node.number("wakeSeconds")
    let curve = node.numbers("powerCurve")
    guard let count, let cores, let memory else { return nil }
    self.init(name: name, count: count, cores: 0...0, memoryGiB: 0...0)
    (self.cores, memoryGiB, diskGiB, self.gpus, self.speed) = (cores, memory, disk, gpus, speed)
    (idleWatts, dynamicWatts, sleepWatts) = (power[0], power[1], power[2])
    (sleepAfterSeconds, wakeSeconds, powerCurve) = (sleepAfter, wake, curve)
  }
}

extension ValueRange {
  /// A number, or a pair of them.
  fileprivate init?(_ node: ConfigurationNode, _ key: String, required: Bool = false) {
    if node[key]?.elements == nil {
      guard let value = node.number(key, required: required) else { return nil }
      self.init(value)
    } else {
      guard let pair = node.numbers(key, count: 2) else { return nil }
      self.init(low: pair[0], high: pair[1])
    }
  }
}
