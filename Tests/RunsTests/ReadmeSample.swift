import Runs
import Simulation

/// The mean wait of a trace's tasks on its own machines, under a scheduler of your own.
func meanWait(of trace: String, _ policy: some PlacementPolicy & Sendable) throws -> Double {
  var job = try SimulationJob(workload: trace)
  job.givenPolicy = policy
  job.scaleRunTimes = 20
  let report = try job.run(seed: 1).report
  print("\(report.total[.finished]) tasks finished; they waited \(report.total.wait.mean * 1e-6) s")
  return report.total.wait.mean * 1e-6
}
