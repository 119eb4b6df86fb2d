import Configuration
import Fitting
import Testing
import Workload

@testable import Generation

/// Laws, rates and sizes at and beyond what can be drawn.
@Suite struct BoundsTests {
  private func scenario(_ text: String) throws -> WorkloadScenario {
    try WorkloadScenario(ConfigurationFile(text: text, name: "s.yaml")) {
      WorkloadModel.preset($0)
    }
  }

  private func draws(_ text: String, tasks: Int = 3000) throws -> [TaskRecord] {
    var source = try SyntheticWorkload(scenario(text).model, .tasks(tasks), seed: 3)
    var records: [TaskRecord] = []
    while let record = source.next() { records.append(record) }
    return records
  }

  private let plain = "runTime: 10, cpu: 1, memory: 1"

  /// Whatever a law gives, records are in range and in order.
  @Test func everyDrawIsInRange() throws {
    let laws = [
      "{family: pareto, shape: 0.001, scale: 1}", "{family: lognormal, mu: 1e308, sigma: 1e308}",
      "{family: weibull, shape: 1e-3, scale: 1e300}", "1e308", "1e-320",
      "{family: empirical, atoms: {1: 1.0e308, 2: 1.0e308}}",
      "{family: generalized-pareto, shape: 5, scale: 1e307, location: 0}",
    ]
    for law in laws {
      for key in ["runTime", "cpu", "memory", "disk", "wait", "attempts", "jobSize"] {
        let others = ["runTime", "cpu", "memory"].filter { $0 != key }.map { "\($0): 1" }
        let text = """
          arrivals: {rate: 1e-9}
          estimates: {factor: 0}
          classes:
            - {name: a, share: 1, deadlineFactor: 1e6, \(key): \(law), outcomes: {finished: 1}, \
          \(others.joined(separator: ", "))}
          """
        let records: [TaskRecord]
        do { records = try draws(text) } catch is ConfigurationError { continue }
        #expect(records.count == 3000)
        for record in records {
          #expect(record.rangeIssue == nil, "\(key): \(law)")
          if record.rangeIssue != nil { break }
        }
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.submit <= $1.submit })
      }
    }
  }

  @Test func waitsTimesAttemptsStayInRange() throws {
    let records = try draws(
      """
      arrivals: {rate: 1}
      classes:
        - {name: a, share: 1, \(plain), wait: 1000000000, attempts: 1000000, outcomes: {finished: 1}}
      """)
    for record in records {
      #expect(record.rangeIssue == nil)
      #expect(record.waitTime.rawValue % Int64(record.attempts) == 0)
    }
  }

  @Test func ratesHaveARange() throws {
    for rate in ["1e-310", "1e-10", "1e10", "1e308"] {
      #expect(throws: ConfigurationError.self) {
        _ = try scenario(
          "arrivals: {rate: \(rate)}\nclasses: [{name: a, share: 1, \(plain)}]")
      }
    }
    var model = WorkloadModel.study
    model.arrivals.rate = 1e-310
    #expect(throws: WorkloadModelError.self) { _ = try SyntheticWorkload(model, seed: 1) }
  }

  /// Stays so short that no number of cycles reaches the first job.
  @Test func burstsOfNoLengthEnd() throws {
    for leaving in ["1e-300", "1e-9", "1e9", "1e300"] {
      let text = """
        arrivals: {rate: 1e-6, process: mmpp, mmpp: {busyRate: 3, quietRate: 0.5, \
        leavingBusy: \(leaving), leavingQuiet: \(leaving)}}
        classes: [{name: a, share: 1, \(plain)}]
        """
      do {
        let records = try draws(text, tasks: 600)
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.submit <= $1.submit })
      } catch is ConfigurationError {}
    }
  }

  @Test func aKeyTwiceIsAnError() {
    for text in ["base: study\nmix: {1: 0.5, \"1\": 0.5}", "base: study\ntasks: 1\n'tasks': 2"] {
      let error = #expect(throws: ConfigurationError.self) { _ = try scenario(text) }
      #expect("\(error, default: "")".contains("there twice"))
    }
  }

  /// Lists that refer to lists stand for more values than the file has bytes.
  @Test func aliasesAreBounded() {
    let values = "[" + Array(repeating: "1", count: 60_000).joined(separator: ",") + "]"
    let laws = (0..<200).map {
      "  - {name: c\($0), share: 0.005, runTime: {family: empirical, values: *v}, "
        + "cpu: {family: empirical, values: *v}, memory: {family: empirical, values: *v}}"
    }
    let text =
      "arrivals: {rate: 1, gaps: &v \(values)}\nclasses:\n" + laws.joined(separator: "\n")
    let error = #expect(throws: ConfigurationError.self) { _ = try scenario(text) }
    #expect("\(error, default: "")".contains("values"))
  }

  /// A job of millions of tasks is drawn as far as the tasks asked for, a piece at a time, and the
  /// same on any number of threads.
  @Test func largeJobsAreDrawnInPieces() throws {
    let text = """
      arrivals: {rate: 0.5}
      classes:
        - {name: a, share: 1, \(plain), jobSize: {family: empirical, atoms: {1: 5, 1000000000: 1}}}
      """
    let model = try scenario(text).model
    var largest = 0
    var drawn: [[TaskID]] = []
    for threads in [1, 3] {
      var ids: [TaskID] = []
      let source = try SyntheticWorkload(model, .tasks(300_000), seed: 1)
      source.forEachPart(threads: threads) { records in
        largest = max(largest, records.count)
        ids += records.map(\.id)
      }
      drawn.append(ids)
    }
    #expect(drawn[0].count == 300_000)
    #expect(drawn[0] == drawn[1])
    #expect(largest <= 1 << 17)
    var one = try SyntheticWorkload(model, .tasks(300_000), seed: 1)
    for id in drawn[0] where one.next()?.id != id { Issue.record("another task than \(id)"); break }
  }

  @Test func dependenciesAreBounded() throws {
    let text = """
      arrivals: {rate: 0.5}
      graph: {shape: layered, width: 100000, density: 1}
      classes: [{name: a, share: 1, \(plain), jobSize: 1000000}]
      """
    let source = try SyntheticWorkload(scenario(text).model, .tasks(200_001), seed: 1)
    #expect(throws: WorkloadModelError.self) { _ = try source.dependencies() }
  }

  @Test func extentsHaveARange() {
    for extent in [
      WorkloadExtent.tasks(-1), .tasks(.max), WorkloadExtent(tasks: nil, duration: .never),
    ] {
      #expect(throws: WorkloadModelError.self) {
        _ = try SyntheticWorkload(.study, extent, seed: 1)
      }
    }
  }
}
