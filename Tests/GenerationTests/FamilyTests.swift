import Fitting
import Generation
import Testing
import Workload

/// What is generated from each family of laws.
@Suite struct FamilyTests {
  /// Run times that are generated follow the law they are drawn from, whatever its family: plain, clamped and
  /// truncated, through blocks of quantiles or one by one.
  @Test(
    arguments: Family.allCases.filter {
      !$0.isDiscrete && ($0.isUsual || $0 == .logGamma)
    })
  func generatedRunTimesFollowTheirLaw(family: Family) throws {
    for parameters in family.examples {
      let plain = try Law(family, parameters)
      // Times are whole microseconds: laws are stretched, so that these are no steps.
      let law = try plain.scaled(by: 1e4 / plain.quantile(0.5))
      guard law.quantile(0.01) >= 0, law.quantile(0.9999) < 1e9 else { continue }
      // The atoms of a clamped law are whole microseconds, as times are.
      let (low, high) = (
        Microseconds(seconds: law.quantile(0.2)).seconds,
        Microseconds(seconds: law.quantile(0.9)).seconds
      )
      for law in [
        law, try law.limited(by: .truncated(lower: low, upper: high)),
        try law.limited(by: .clamped(lower: low, upper: high)),
      ] {
        let part = TaskClass(
          name: "all", share: 1, priorityClass: .batch, runTime: law,
          cpu: try Law(.uniform, [1, 2]), memory: try Law(.uniform, [1, 2]))
        let model = WorkloadModel(arrivals: ArrivalModel(rate: 1), classes: [part])
        let times = records(try SyntheticWorkload(model, .tasks(4000), seed: 5))
          .map(\.runTime.seconds)
        #expect(times.count == 4000)
        #expect(pValue(times, law) > 1e-4, "\(law)")
      }
    }
  }
}
