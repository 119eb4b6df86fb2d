import Configuration
import Experiments
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
