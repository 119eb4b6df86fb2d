import Diagnostics
import Foundation
import Tables
import Workload

/// Writes records as workflows in WfCommons' WfFormat 1.5: a folder with a file for each job.
///
/// Tasks are held in memory, some 60 bytes each, until all are known: those of a job may be far apart. The
/// format has no times of submission; a task starts when its parents have ended.
public final class WfFormatWriter: LayoutWriter {
  public static let places = LayoutPlaces(aspects: [.memory, .dependencies], rounding: "")

  private struct Task {
    var index: Int32
    var run: Microseconds
    var cpu: Cores
    var memory: Bytes
  }

  private let folder: OutputFolder
  private let stream: RecordStream
  private var jobs: [Int64: [Task]] = [:]
  private var order: [Int64] = []
  private var leftOut = LeftOut(places)

  /// Begins the folder at `path`, which must not be there.
  public init(path: String, stream: RecordStream) throws(TraceError) {
    self.stream = stream
    folder = try OutputFolder(path: path)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    guard !record.flags.contains(.runTimeUnknown) else {
      leftOut.count("tasks without a run time")
      return
    }
    if jobs[record.id.job] == nil { order.append(record.id.job) }
    jobs[record.id.job, default: []].append(
      Task(
        index: record.id.index, run: record.runTime,
        cpu: record.flags.contains(.cpuUnknown) ? .zero : record.request.cpu,
        memory: record.flags.contains(.memoryUnknown) ? .zero : record.request.memory))
    leftOut.count(record)
  }

  /// Writes the files.
  public func finish() throws(TraceError) -> [String: Int] {
    for job in order { try write(job, jobs[job] ?? []) }
    try folder.commit()
    return leftOut.counts
  }

  private func write(_ job: Int64, _ tasks: [Task]) throws(TraceError) {
    let file = try folder.file("\(job).json")
    let present = Set(tasks.map(\.index))
    var parents: [Int32: [Int32]] = [:]
    var children: [Int32: [Int32]] = [:]
    for task in tasks {
      for dependency in stream.dependencies.dependencies(of: TaskID(job: job, index: task.index)) {
        let parent = dependency.predecessor
        guard parent.job == job, present.contains(parent.index) else {
          leftOut.count("dependencies between jobs")
          continue
        }
        parents[task.index, default: []].append(parent.index)
        children[parent.index, default: []].append(task.index)
      }
    }
    func list(_ indices: [Int32]?) -> String {
      "[" + (indices ?? []).map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }
    try file.write(
      "{\"name\": \"\(job)\", \"schemaVersion\": \"1.5\", \"workflow\": {\"specification\": {\"tasks\": ["
    )
    for (place, task) in tasks.enumerated() {
      try file.write(
        "\(place == 0 ? "" : ",")\n{\"name\": \"\(task.index)\", \"id\": \"\(task.index)\", "
          + "\"parents\": \(list(parents[task.index])), \"children\": \(list(children[task.index])), "
          + "\"inputFiles\": [], \"outputFiles\": []}")
    }
    try file.write("\n], \"files\": []}, \"execution\": {\"tasks\": [")
    for (place, task) in tasks.enumerated() {
      let cores = task.cpu > .zero ? ", \"coreCount\": \(decimal(task.cpu.value))" : ""
      let memory = task.memory > .zero ? ", \"memoryInBytes\": \(task.memory.rawValue)" : ""
      try file.write(
        "\(place == 0 ? "" : ",")\n{\"id\": \"\(task.index)\", "
          + "\"runtimeInSeconds\": \(decimal(task.run.seconds))\(cores)\(memory)}")
    }
    try file.write("\n], \"machines\": []}}}\n")
    try file.commit()
  }
}
