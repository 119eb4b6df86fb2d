import TraceInput
import Workload

/// The lines of a log that are stretches of jobs (status 2 to 4): a job that was interrupted has one line
/// for its whole life and one for each stretch, of which only the first has a submit time. A job whose
/// whole life has no line is made of its stretches.
struct PartialExecutions {
  private var jobs: [Int64: StandardWorkloadJob] = [:]
  private var order: [Int64] = []
  private var wholes: [Int64] = []
  private var lines = 0
  private var joinedLines: [Int64: Int] = [:]
  /// Filled by `jobsWithoutLine`.
  private(set) var notes: [Note] = []

  /// Notes a stretch.
  mutating func add(_ job: StandardWorkloadJob) {
    lines += 1
    joinedLines[job.id.job, default: 0] += 1
    if let known = jobs[job.id.job] {
      jobs[job.id.job] = known.joined(with: job)
    } else {
      order.append(job.id.job)
      jobs[job.id.job] = job
    }
  }

  /// Notes that a job has a line for its whole life.
  mutating func add(whole job: Int64) { wholes.append(job) }

  /// The jobs that stretches alone tell of, in the log's order.
  mutating func jobsWithoutLine() -> [StandardWorkloadJob] {
    guard lines > 0 else { return [] }
    for job in wholes { jobs[job] = nil }
    let alone = order.compactMap { jobs[$0] }
    let made = alone.filter { $0.submit != nil }
    let lost = alone.filter { $0.submit == nil }
    let used = alone.reduce(0) { $0 + (joinedLines[$1.id.job] ?? 0) }
    if lines > used {
      notes.append(
        Note(
          .leftOut, "partial executions", ["lines": Double(lines - used)],
          "\(lines - used) \(lines - used == 1 ? "line is a partial execution" : "lines are partial executions")"
            + " (status 2-4) of jobs that have a line of their own: "
            + "left out"))
    }
    if !made.isEmpty {
      notes.append(
        Note(
          .assumed, "partial executions", ["jobs": Double(made.count)],
          "\(made.count) \(made.count == 1 ? "job has" : "jobs have") partial executions (status 2-4) and no line of their own: each is one "
            + "record of their sum, none is left out"))
    }
    if !lost.isEmpty {
      notes.append(
        Note(
          .leftOut, "partial executions", ["jobs": Double(lost.count)],
          "\(lost.count) \(lost.count == 1 ? "job has" : "jobs have") partial executions only, none with a submit time: left out"
        ))
    }
    return made
  }
}
