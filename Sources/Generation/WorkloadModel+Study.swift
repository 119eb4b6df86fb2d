import Fitting
import Workload

extension WorkloadModel {
  /// The workload of the study that Tracemill grew out of (John 2026), with the caps of its code:
  /// 0.5 tasks a second, Poisson; run time Pareto(2.5, 10 s), at most 500 s; CPU LogNormal(0.5, 0.8)
  /// within 0.5...8 cores; memory LogNormal(2, 1) within 1...32 GiB; 25 % production, 60 % batch and
  /// 15 % best effort, with deadlines at 1.5, 3 and 5 run times. The study's GB are taken as GiB.
  public static let study: WorkloadModel = {
    do {
      let runTime = try Law(.pareto, [2.5, 10]).limited(by: .clamped(lower: 10, upper: 500))
      let cpu = try Law(.lognormal, [0.5, 0.8]).limited(by: .clamped(lower: 0.5, upper: 8))
      let memory = try Law(.lognormal, [2, 1]).limited(by: .clamped(lower: 1, upper: 32))
      func part(
        _ share: Double, _ priorityClass: PriorityClass, _ priority: Int16, _ factor: Double
      ) -> TaskClass {
        TaskClass(
          name: priorityClass.name, share: share, priorityClass: priorityClass,
          priority: priority, runTime: runTime, cpu: cpu, memory: memory, deadlineFactor: factor)
      }
      return WorkloadModel(
        arrivals: ArrivalModel(rate: 0.5),
        classes: [
          part(0.25, .production, 9, 1.5), part(0.6, .batch, 4, 3), part(0.15, .bestEffort, 0, 5),
        ])
    } catch {
      preconditionFailure("the study's laws are valid: \(error)")
    }
  }()
}
