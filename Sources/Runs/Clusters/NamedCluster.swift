import Configuration
import Experiments
import Foundation
import Simulation
import TraceInput
import TraceParsing
import Workload

/// A cluster by its name: a trace's machines, a specification (.yaml, .yml, .json), or the study's tiers
/// (`study:100`, or `tiers:100` with speeds and sleep; from 1 to `ClusterSpec.machineLimit` machines).
public struct NamedCluster {
  private let argument: String
  private let reading: ReadingSettings
  private let rejects: RejectLog?

  /// The cluster called `argument`; nothing is read yet.
  ///
  /// - Parameters:
  ///   - argument: what the user named.
  ///   - reading: how a trace is read.
  ///   - rejects: takes rows that cannot be read; without it they are errors.
  public init(_ argument: String, reading: ReadingSettings = .init(), rejects: RejectLog? = nil) {
    self.argument = argument
    self.reading = reading
    self.rejects = rejects
  }

  /// The machines, those of a specification drawn from `seed`.
  ///
  /// - Throws: ``RunError`` for a name or a specification that is wrong; `TraceError` where reading
  ///   fails.
  public func layout(seed: UInt64) throws -> ClusterLayout {
    do {
      return try specification().map { try ClusterLayout($0, seed: seed) } ?? trace()
    } catch let error as ClusterError {
      throw RunError(message: "\(argument): \(error)")
    }
  }

  /// A cluster file of it, with what it leaves out as comments: the specification as it is, or a trace's machines
  /// as groups of like ones.
  ///
  /// - Throws: as ``layout(seed:)``.
  public func file() throws -> String {
    let file = try specification().map { ClusterFile($0) } ?? ClusterFile(layout(seed: 1))
    return file.text(of: argument)
  }

  /// What machines are drawn from; nil where they are a trace's own.
  public func specification() throws -> ClusterSpec? {
    for (prefix, hasSpeeds) in [("study:", false), ("tiers:", true)]
    where argument.hasPrefix(prefix) {
      guard let machines = Int(argument.dropFirst(prefix.count)),
        (1...ClusterSpec.machineLimit).contains(machines)
      else {
        throw RunError(
          message:
            "'\(argument)': expected \(prefix)N with N from 1 to \(ClusterSpec.machineLimit)")
      }
      return hasSpeeds ? .studyTiersWithSpeeds(machines: machines) : .studyTiers(machines: machines)
    }
    if let station = try NamedStation(argument) { return station.cluster }
    guard SettingsFile.isOne(argument, keys: ["groups"]) else { return nil }
    do {
      return try ConfigurationFile(path: argument).read(ClusterSpec.init)
    } catch {
      throw RunError(error)
    }
  }

  private func trace() throws -> ClusterLayout {
    let meter = ReadMeter()
    // The table that a workload is read from says nothing of the cluster's.
    var reading = self.reading
    reading.table = nil
    let trace = try reading.open(argument, meter: meter, notes: false, mustBe: false)
    let options = reading.readOptions(meter: meter, rejects: rejects)
    guard let list = try trace.machineEvents(options) else {
      throw RunError(
        message: "\(argument): no machine_events here; a cluster needs them, or a specification")
    }
    var layout = try ClusterLayout(list.events)
    layout.platforms = list.symbols.strings
    layout.notes = list.notes
    return layout
  }
}
