import CTracemill
import Configuration
import Experiments
import Runs
import Workload

/// An experiment that is described, with where its results go.
private struct DescribedExperiment {
  let name: String
  let output: String
  var shard: Shard?
  let (keepsTasks, asTrained): (Bool, Bool)
  let reading: ReadingSettings

  init?(_ root: ConfigurationNode) {
    let name = root.string("experiment", required: true)
    let output = root.string("output", required: true)
    if root["shard"] != nil { shard = root.shard("shard") }
    keepsTasks = root.flag("keepTasks") ?? false
    asTrained = root.flag("asTrained") ?? false
    reading = ReadingSettings(root.object("reading"))
    guard let name, let output else { return nil }
    (self.name, self.output) = (name, output)
  }
}

@_cdecl("tm_experiment")
public func experiment(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted = try described(description) { DescribedExperiment($0) }
      let named = try NamedExperiment(wanted.name)
      var experiment = ExperimentJob(named.definition, folder: named.folder, output: wanted.output)
      experiment.file = named.file
      (experiment.shard, experiment.reading) = (wanted.shard, wanted.reading)
      (experiment.keepsTasks, experiment.asTrained) = (wanted.keepsTasks, wanted.asTrained)
      let whole = experiment
      let outcome = try waiting(for: job) {
        try await whole.run(progress: { job.tasks.store($0.counts.done, ordering: .relaxed) })
      }
      if let failure = outcome.failure { throw failure }
      return faceText(try jsonText(outcome.object()))
    }
  }
}
