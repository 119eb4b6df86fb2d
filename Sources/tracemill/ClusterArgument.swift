import Foundation
import Simulation
import TraceParsing
import Workload
import Yams

/// `--cluster`: a trace's machines, a specification, or the study's tiers.
struct ClusterArgument {
  private let argument: String
  private let reading: TraceOptions

  init(_ argument: String, reading: TraceOptions) {
    self.argument = argument
    self.reading = reading
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
      if [".yaml", ".yml", ".json"].contains(where: argument.hasSuffix) {
        return try ClusterLayout(specification(), seed: seed)
      }
      return try trace()
    } catch let error as ClusterError {
      throw CommandFailure(message: "\(argument): \(error)")
    }
  }

  private func specification() throws -> ClusterSpec {
    guard let text = try? String(contentsOfFile: argument, encoding: .utf8) else {
      throw CommandFailure(message: "\(argument): cannot be read as text")
    }
    do {
      return try YAMLDecoder().decode(ClusterSpec.self, from: text)  // JSON is YAML too
    } catch let error as DecodingError {
      throw CommandFailure(message: "\(argument): \(error.plain)")
    } catch {
      throw CommandFailure(message: "\(argument): \(error)")
    }
  }

  private func trace() throws -> ClusterLayout {
    let meter = ReadMeter()
    // The tables of the workload, given for a workload's sake, say nothing of the cluster's.
    var reading = self.reading
    reading.table = nil
    let trace = try reading.open(argument, meter: meter, notes: false)
    guard let list = try trace.machineEvents(try reading.readOptions(meter: meter)) else {
      throw CommandFailure(
        message: "\(argument): no machine_events here; a cluster needs them, or a specification")
    }
    return try ClusterLayout(list.events)
  }
}

extension DecodingError {
  /// `groups[2].cores: expected …`, in place of the type's own many lines.
  var plain: String {
    switch self {
    case .keyNotFound(let key, let context): place(context, key) + "is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      place(context, nil) + context.debugDescription
    @unknown default: "\(self)"
    }
  }

  private func place(_ context: Context, _ last: (any CodingKey)?) -> String {
    var path = ""
    for key in context.codingPath + (last.map { [$0] } ?? []) {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return path.isEmpty ? "" : path + ": "
  }
}
