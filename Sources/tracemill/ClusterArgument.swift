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
      return try specification().map { try ClusterLayout($0, seed: seed) } ?? trace()
    } catch let error as ClusterError {
      throw CommandFailure(message: "\(argument): \(error)")
    }
  }

  /// What machines are drawn from; nil where they are a trace's own.
  func specification() throws -> ClusterSpec? {
    for (prefix, hasSpeeds) in [("study:", false), ("tiers:", true)]
    where argument.hasPrefix(prefix) {
      guard let machines = Int(argument.dropFirst(prefix.count)),
        (1...ClusterSpec.machineLimit).contains(machines)
      else {
        throw CommandFailure(
          message:
            "'\(argument)': expected \(prefix)N with N from 1 to \(ClusterSpec.machineLimit)")
      }
      return hasSpeeds ? .studyTiersWithSpeeds(machines: machines) : .studyTiers(machines: machines)
    }
    guard [".yaml", ".yml", ".json"].contains(where: argument.hasSuffix) else { return nil }
    do {
      return try ConfigurationFile(path: argument).read(ClusterSpec.init)
    } catch {
      throw CommandFailure(error)
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
