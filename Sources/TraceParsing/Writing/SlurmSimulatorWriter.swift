import Diagnostics
import Tables
import Workload

/// Writes records as a list of events for the Slurm simulator of the University at Buffalo
/// (`slurm_sim_tools`): a line for each job, with the second of its submission, its run time and what `sbatch`
/// is asked for.
///
/// A job is called `jobid_7`, or `jobid_7_3` for task 3 of job 7. Users are `user1`, `user2`…, in the order in which
/// they come, account, partition and quality of service those of its tutorials: the simulated cluster's must be
/// called so. CPU requests are rounded up to whole tasks, memory to MiB. Memory: 12 bytes a user.
public final class SlurmSimulatorWriter: LayoutWriter {
  public static let places = LayoutPlaces(
    aspects: [.submission, .estimates, .users, .instances, .memory, .gpus],
    rounding: "CPU and GPU requests are whole, memory is whole MiB, estimates whole seconds")

  private let file: OutputFile
  private let stream: RecordStream
  private var users: [UInt32: Int] = [:]
  private var leftOut = LeftOut(places)

  /// Begins the file at `path`.
  ///
  /// - Parameters:
  ///   - path: where it is written.
  ///   - stream: the records.
  public init(path: String, stream: RecordStream) throws(TraceError) {
    self.stream = stream
    file = try OutputFile(path: path)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    guard !record.flags.contains(.runTimeUnknown), record.attempts > 0 else {
      leftOut.count("tasks without a run time")
      return
    }
    if users[record.user.rawValue] == nil { users[record.user.rawValue] = users.count + 1 }
    let copies = Int64(max(1, record.instances))
    let cores = max(1, (record.request.cpu.nano + 999_999_999) / 1_000_000_000) * copies
    // Slurm ends a job at its limit: where nobody stated one, its run time rounded up is enough.
    let limit = record.estimate.isKnown ? record.estimate : record.runTime
    let name = record.id.index == 0 ? "\(record.id.job)" : "\(record.id.job)_\(record.id.index)"
    var line = "-dt \(decimal(record.submit.seconds)) -e submit_batch_job | -J jobid_\(name)"
    line += " -sim-walltime \(decimal(record.runTime.seconds))"
    line += " --uid=user\(users[record.user.rawValue] ?? 1) -t \(Self.text(limit)) -n \(cores)"
    let gpus = (record.request.milliGPU + 999) / 1000 * copies
    if gpus > 0 { line += " --gres=gpu:\(gpus)" }
    let memory = (record.request.memory.rawValue + 1_048_575) / 1_048_576 * copies
    if memory > 0 { line += " --mem=\(memory)" }
    try file.write(line + " -A account1 -p normal -q normal pseudo.job\n")
    leftOut.count("fractions of GPUs (rounded up)", if: record.request.milliGPU % 1000 != 0)
    leftOut.count(record)
    leftOut.count(coresOf: record)
  }

  /// `1-02:03:04`, whole minutes at least; seconds are rounded up.
  private static func text(_ limit: Microseconds) -> String {
    let seconds = max(60, limit.rawValue / 1_000_000 + (limit.rawValue % 1_000_000 > 0 ? 1 : 0))
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(two)
    let days = seconds / 86400
    return (days > 0 ? "\(days)-" : "") + clock.joined(separator: ":")
  }

  /// Completes the file.
  public func finish() throws(TraceError) -> [String: Int] {
    try file.commit()
    leftOut.count("dependencies", times: stream.dependencies.count)
    return leftOut.counts
  }
}
