import Runs

/// The mean wait of a trace's tasks on its own machines, twenty times as long as they were.
func meanWait(of trace: String, under scheduler: String) throws -> Double {
  var job = try SimulationJob(workload: trace, scheduler: scheduler)
  job.scaleRunTimes = 20
  let report = try job.run(seed: 1).report
  let wait = report.total.wait.mean * 1e-6
  print("\(report.total[.finished]) tasks finished; they waited \(wait) s on average")
  return wait
}
