import CTracemill
import Configuration
import ExternalSchedulers
import Runs
import Simulation
import Workload

/// The policy behind a caller's functions.
func givenPolicy(
  name: String, _ functions: tm_scheduler
) throws -> any PlacementPolicy & ForeignPolicy {
  guard let act = functions.act else {
    return try FunctionScheduler.policy(name: name, functions)
  }
  let shown = try described(functions.observed, DescribedObservation.init)
  return ObservedPolicy(
    name: name, observation: shown.observation, candidates: shown.candidates,
    sampling: shown.sampling
  ) { (row, mask) throws(ForeignFailure) in
    let action = act(
      functions.context, row.baseAddress!, Int64(row.count), mask.baseAddress!, Int64(mask.count))
    guard action != Int64(TM_FAIL) else {
      let text = functions.failure.flatMap { $0(functions.context) }.map { String(cString: $0) }
      throw ForeignFailure("the scheduler's act failed" + (text.map { ": \($0)" } ?? ""))
    }
    return Int(action)
  }
}

/// What a learner is shown.
struct DescribedObservation {
  var observation: SchedulingEnvironment.Observation
  var candidates: Int?
  var sampling: CandidateSampler.Weighting

  init(_ root: ConfigurationNode) {
    observation =
      root.choice("observation", of: SchedulingEnvironment.Observation.self) ?? .machines
    candidates = root.integer("candidates", in: 1...1_000_000)
    sampling = root.choice("sampling", of: CandidateSampler.Weighting.self) ?? .uniform
  }
}
