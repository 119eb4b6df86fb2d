import Configuration
import Fitting
import Foundation
import Generation
import Testing
import Workload

@Suite struct ScenarioTests {
  private func read(_ text: String) throws(ConfigurationError) -> WorkloadScenario {
    try WorkloadScenario(ConfigurationFile(text: text, name: "s.yaml")) {
      WorkloadModel.preset($0)
    }
  }

  private func issues(_ text: String) -> [String] {
    do {
      _ = try read(text)
      return []
    } catch {
      return error.issues.map(\.description)
    }
  }

  @Test func `what is printed reads back as the same model`() throws {
    for model in [WorkloadModel.study, try ModelTests.rich()] {
      let back = try read(model.scenario(named: "x", tasks: 77))
      #expect(back.extent == .tasks(77))
      #expect(back.model.arrivals == model.arrivals)
      for (a, b) in zip(back.model.classes, model.classes) {
        #expect(a.runTime == b.runTime && a.memory == b.memory && a.outcomes == b.outcomes)
        #expect(a.correlations == b.correlations && a.share == b.share)
        #expect(abs(a.cpu.mean / b.cpu.mean - 1) < 1e-12)
      }
      #expect(back.model.estimates == model.estimates && back.model.graph == model.graph)
      var copy = model
      for index in copy.classes.indices {
        copy.classes[index].cpu = back.model.classes[index].cpu
        copy.classes[index].jobSize = back.model.classes[index].jobSize
      }
      #expect(copy == back.model)
    }
  }

  @Test func `a preset is changed in parts`() throws {
    let text = """
      base: study
      duration: 2h
      arrivals: { bursts: { factor: 4, share: 0.2, length: 90s }, daily: { amplitude: 0.3 } }
      graph: { shape: layered, width: 3 }
      scale: { runTime: 2, tailIndex: 1.8 }
      mix: { production: 0.5 }
      load: { target: 0.7, cores: 1000 }
      """
    let scenario = try read(text)
    let model = scenario.model
    #expect(scenario.extent.duration == Microseconds(seconds: 7200))
    #expect(model.classes[0].share == 0.5 && abs(model.classes[1].share - 0.4) < 1e-12)
    #expect(abs(model.offeredCores / 700 - 1) < 1e-12)
    #expect(model.classes[0].runTime.lowerBound == 20 && model.graph != nil)
    guard case .mmpp(let process) = model.arrivals.process else { throw CancellationError() }
    #expect(abs(process.busyRate / process.rate - 4) < 1e-12)
    #expect(model.arrivals.weeklyCurve.count == 168)
  }

  @Test func `everything wrong is told with line and column`() {
    let text = """
      tasks: -5
      arivals: { rate: 1 }
      arrivals: { rate: -2, proces: mmpp }
      classes:
        - { name: a, share: 0.7, runTime: { family: paretto, shape: 2 }, cpu: 1, memory: 2 }
        - name: b
          share: 0.7
          runTime: { family: lognormal, mu: 1, sigma: 2, clamp: [9, 3] }
          cpu: { family: pareto, shape: -1, scale: 1 }
      """
    #expect(
      issues(text) == [
        "1:8: tasks: is -5; expected 0 to 1000000000000",
        "2:1: arivals: is not known here; did you mean 'arrivals'?",
        "3:19: arrivals.rate: is -2; expected more than 0",
        "3:23: arrivals.proces: is not known here; did you mean 'process'?",
        "5:47: classes[0].runTime.family: is 'paretto'; expected one of "
          + Family.allCases.map(\.rawValue).joined(separator: ", ")
          + ", empirical; did you mean 'pareto'?",
        "6:5: classes[1].memory: is missing",
        "8:14: classes[1].runTime: clamped: upper is 3.0, but must be above lower (9.0)",
        "9:10: classes[1].cpu: pareto: shape is -1.0, but must be finite and > 0",
      ], "\(issues(text).suffix(3))")
    let shares = """
      arrivals: { rate: 1 }
      classes:
        - { name: a, share: 0.7, runTime: 1, cpu: 1, memory: 2, jobSize: 3,
            correlations: { runTimeCPU: 0.5 } }
      """
    #expect(
      issues(shares).map { String($0.prefix(42)) } == [
        "3:3: classes: have shares that add up to 0", "4:35: classes[0].correlations.runTimeCPU: ",
      ], "\(issues(shares))")
    #expect(issues("base: stduy\n")[0].contains("did you mean 'study'?"))
    #expect(issues("tasks: 5\n").count == 2)
  }
}
