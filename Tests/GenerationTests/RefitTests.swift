import Fitting
import Foundation
import Generation
import Testing
import Workload

/// What is drawn from a profile, fitted again, gives the profile back: every parameter within 3
/// standard errors. A million tasks; printed for docs/generation.md.
@Suite(.enabled(if: isSlow, "set TRACEMILL_SLOW=1, with -c release")) struct RefitTests {
  private static let count = 1_000_000

  private func check(_ name: String, _ fit: Fit, _ truth: Law) {
    for (parameter, true_) in zip(fit.parameters, truth.parameters) {
      if parameter.standardError == 0 {
        // Held fixed by the fit, not estimated.
        #expect(parameter.value == true_, "\(name) \(parameter.name)")
        continue
      }
      let errors = (parameter.value - true_) / parameter.standardError
      print(
        "refit \(name) \(fit.family.rawValue) \(parameter.name): true \(true_), found "
          + "\(parameter.value) ± \(parameter.standardError): \(errors) standard errors")
      #expect(abs(errors) < 3, "\(name) \(parameter.name)")
    }
  }

  @Test func `margins of a million tasks pass against their laws`() throws {
    let tasks = records(try SyntheticWorkload(.study, .tasks(Self.count), seed: 20))
    let part = WorkloadModel.study.classes[0]
    for (name, values, law) in [
      ("run time", tasks.map(\.runTime.seconds), part.runTime),
      ("cpu", tasks.map(\.request.cpu.value), part.cpu),
      ("memory", tasks.map(\.request.memory.gibibytes), part.memory),
      (
        "gap", zip(tasks.dropFirst(), tasks).map { ($0.submit - $1.submit).seconds },
        try Law(.exponential, [0.5])
      ),
    ] {
      let p = pValue(values, law)
      print("KS of \(name): p = \(p)")
      #expect(p > 0.01, "\(name)")
    }
  }

  @Test func `the study comes back`() throws {
    let tasks = records(try SyntheticWorkload(.study, .tasks(Self.count), seed: 21))
    let part = WorkloadModel.study.classes[0]
    func fit(_ values: [Double], _ family: Family, _ limits: Limits) throws -> Fit {
      try Sample(values, limits: limits).fit(family)
    }
    let cpu = try fit(
      tasks.map(\.request.cpu.value), .lognormal, .clamped(lower: 0.5, upper: 8))
    check("cpu", cpu, try Law(.lognormal, [0.5, 0.8]))
    let memory = try fit(
      tasks.map(\.request.memory.gibibytes), .lognormal, .clamped(lower: 1, upper: 32))
    check("memory", memory, try Law(.lognormal, [2, 1]))
    let run = try fit(tasks.map(\.runTime.seconds), .pareto, .clamped(lower: 0, upper: 500))
    let shape = try #require(run["shape"])
    print("refit run time shape \(shape.value) ± \(shape.standardError)")
    #expect(abs(shape.value - 2.5) < 3 * shape.standardError && part.runTime.family == .pareto)
    let span = tasks[tasks.count - 1].submit.seconds
    let rate = Double(Self.count) / span
    print("refit rate \(rate) ± \(rate / Double(Self.count).squareRoot())")
    #expect(abs(rate - 0.5) < 3 * rate / Double(Self.count).squareRoot())
    for part in WorkloadModel.study.classes {
      let share =
        Double(tasks.count { $0.priorityClass == part.priorityClass }) / Double(Self.count)
      let error = (part.share * (1 - part.share) / Double(Self.count)).squareRoot()
      print("refit share of \(part.name): \(share), \((share - part.share) / error) errors")
      #expect(abs(share - part.share) < 3 * error)
    }
  }

  /// The preset is the profile that was fitted on the real job_events parts.
  @Test(arguments: ["google-2011"]) func `a real profile comes back`(
    name: String
  ) async throws {
    let profile = try #require(WorkloadProfile.preset(name))
    var notes: [Note] = []
    let model = try WorkloadModel(profile, margins: .fitted, arrivals: .poisson, notes: &notes)
    let tasks = records(try SyntheticWorkload(model, .tasks(200_000), seed: 22))
    for part in model.classes {
      let own = tasks.filter { $0.priorityClass == part.priorityClass }
      guard own.count > 1000 else { continue }
      for (quantity, law, values) in [
        ("run time", part.runTime, own.map(\.runTime.seconds)),
        ("cpu", part.cpu, own.map(\.request.cpu.value)),
        ("memory", part.memory, own.map(\.request.memory.gibibytes)),
      ] {
        guard let family = law.family, family != .uniform else { continue }
        let positive = values.filter { $0 > 0 }
        check("\(name) \(part.name) \(quantity)", try Sample(positive).fit(family), law)
      }
      for share in part.outcomes {
        let found = Double(own.count { $0.outcome == share.outcome }) / Double(own.count)
        let error = (share.share * (1 - share.share) / Double(own.count)).squareRoot()
        #expect(abs(found - share.share) <= 3 * error + 1e-12, "\(part.name) \(share.outcome)")
      }
    }
    let jobs = Set(tasks.map(\.id.job)).count
    let rate = Double(jobs) / tasks[tasks.count - 1].submit.seconds
    #expect(abs(rate / model.arrivals.rate - 1) < 3 / Double(jobs).squareRoot())
  }
}
