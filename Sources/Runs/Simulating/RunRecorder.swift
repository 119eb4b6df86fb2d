import Experiments
import Simulation
import Tables
import TraceParsing
import Workload

/// What is kept of each task of a single run: its row, its bar, its wait by its length.
struct RunRecorder<Extra: ResultSink>: ResultSink {
  var tasks: ResultWriter
  /// Takes the same results.
  var extra: Extra
  var timeline: Timeline?
  var waits = WaitsByLength()
  var groups: WaitGroups?

  mutating func record(_ result: TaskResult) throws {
    try tasks.record(result)
    try extra.record(result)
    timeline?.add(result)
    waits.record(result)
    groups?.record(result)
  }

  mutating func record(instance: Int32, on machine: Int64, of task: TaskID) throws {
    try extra.record(instance: instance, on: machine, of: task)
    timeline?.add(instance: instance, on: machine)
  }
}

extension Timeline {
  /// The endings of files that a timeline can be written to.
  public static let endings = [".html", ".perfetto-trace"]

  /// Writes the page or the Perfetto trace, whole or not at all.
  func write(to path: String, series: UsageSeries, title: String) throws {
    let file = try OutputFile(path: path)
    if path.hasSuffix(".html") {
      try file.write(
        TimelinePage(self, title: title, generator: "Tracemill \(Toolkit.version)").html)
    } else {
      let bytes = PerfettoTrace(self, series: series).bytes
      try bytes.withUnsafeBytes { try file.write($0) }
    }
    try file.commit()
  }
}
