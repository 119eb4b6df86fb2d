import Foundation
import Runs
import TestSupport
import Testing

/// Files of `tracemill rounds`.
@Suite struct RoundScenarioTests {
  private static let good = """
    name: two kinds
    gpus: { fast: 1, slow: 1 }
    throughputs: { a: { fast: 2, slow: 1 }, b: { fast: 1, slow: 1 } }
    jobs:
      - { at: 0, kind: a, steps: 720 }
      - { at: 0, kind: b, steps: 360 }
      - { at: 10, kind: a, steps: 1440 }
    measure: { from: 0, to: 2 }
    policies: [fifo, fifo-aware]
    """

  @Test func isReadAndRun() throws {
    let folder = TemporaryFolder()
    let scenario = try RoundScenario(path: folder.write(Self.good, to: "good.yaml"))
    #expect(scenario.types == ["fast", "slow"])
    #expect(scenario.kinds == ["a", "b"])
    let result = try scenario.run("fifo")
    #expect(result.meanHours == 0.1)
    #expect(throws: RunError.self) { try scenario.run("lifo") }
  }

  @Test(arguments: [
    ("kind: b, steps: 360", "kind: c, steps: 360", "'c' has no throughputs"),
    ("at: 10", "at: -1", "at"), ("to: 2", "to: 9", "no range of the 3 jobs"),
    ("steps: 1440", "steps: 0", "steps"),
    ("steps: 1440", "steps: 1e300", "a longer round makes fewer"),
    ("fifo-aware", "fifo-awake", "fifo-aware"),
    ("slow: 1 }\nthr", "slow: 0 }\nthr", "slow"),
    ("a: { fast: 2, slow: 1 }", "a: { fast: 2 }", "slow"),
    ("b: { fast: 1, slow: 1 }", "b: { fast: 0.001, slow: 1 }", "too short for one step"),
    ("at: 10", "at: 10, at: 11", "twice"), ("measure:", "mesure:", "measure"),
    ("{ at: 0, kind: b", "{ at: 20, kind: b", "before that of the job above"),
  ])
  func mistakesAreTold(find: String, replace: String, words: String) throws {
    let folder = TemporaryFolder()
    let text = Self.good.replacingOccurrences(of: find, with: replace)
    #expect(text != Self.good)
    let path = try folder.write(text, to: "bad.yaml")
    let error = #expect(throws: RunError.self) { try RoundScenario(path: path) }
    let message = try #require(error?.message)
    #expect(message.contains(words), "\(message)")
    #expect(message.contains("bad.yaml:"), "\(message)")
  }
}
