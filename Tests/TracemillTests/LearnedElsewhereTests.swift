import Foundation
import TestSupport
import Testing

/// A learned policy in another engine than it learned in: every command that runs one says so, with the
/// settings that would be right, and `--as-trained` sets them.
@Suite struct LearnedElsewhereTests {
  private let folder = TemporaryFolder()
  private static let policy = "marl:study-100"
  private static let workload = "study:tasks=30,cores=20"

  /// A command that runs the policy; `experiment` is one whose engine is the policy's own.
  enum Way: String, CaseIterable, Sendable { case simulate, compare, sweep, find, evaluate }

  private func arguments(_ way: Way) throws -> [String] {
    let parts = [
      "--workload", Self.workload, "--cluster", "tiers:10", "--scheduler", Self.policy,
    ]
    switch way {
    case .simulate: return ["simulate"] + parts
    case .compare: return ["compare"] + parts + ["--seeds", "2", "-o", folder("r"), "--no-report"]
    case .sweep:
      return ["sweep"] + parts + ["--vary", "tasks=20,30", "--seeds", "2", "-o", folder("s")]
    case .find:
      return ["sweep"] + parts + [
        "--vary", "machines=5:10", "--find", "machines where completion_mean_s > 1", "--seeds",
        "2",
      ]
    case .evaluate:
      let file = try folder.write(
        """
        name: other
        cluster: tiers:10
        workload: study
        loads: [0.5]
        tasks: 30
        heartbeat: 9s
        """, to: "scenario.yaml")
      return ["evaluate", file, Self.policy, "random", "--seeds", "2"]
    }
  }

  @Test(arguments: Way.allCases) func itIsSaidBeforeItRuns(_ way: Way) throws {
    let flag = way == .simulate ? "--heartbeat 5s" : "heartbeat: 5s"
    let other = try run(tracemill, try arguments(way))
    #expect(other.status == 0, "\(other.error)")
    #expect(other.error.contains("\(Self.policy) learned in another engine: "), "\(other.error)")
    #expect(other.error.contains(flag), "\(other.error)")
    #expect(other.error.components(separatedBy: "another engine").count >= 2)
    let own = try run(
      tracemill,
      try arguments(way).map { [folder("r"), folder("s")].contains($0) ? $0 + "2" : $0 } + [
        "--as-trained"
      ])
    #expect(own.status == 0, "\(own.error)")
    #expect(!own.error.contains("another engine"), "\(own.error)")
    // Other settings, other figures: the flag does something.
    if way == .evaluate { #expect(own.outputBytes != other.outputBytes) }
  }

  @Test(arguments: [Way.simulate, .compare, .sweep, .evaluate])
  func thereMustBeOneThatLearned(_ way: Way) throws {
    let list = try arguments(way).map { $0 == Self.policy ? "first-fit" : $0 }
    let result = try run(tracemill, list + ["--as-trained"])
    #expect(result.status != 0)
    #expect(result.error.contains("--as-trained is for a policy that learned"), "\(result.error)")
  }

  /// The settings that the line names are right: with them in the file nothing is said.
  @Test func theKeysThatAreSaidAreRight() throws {
    func experiment(_ engine: String) throws -> String {
      try folder.write(
        """
        name: own
        engine: { network: 1s }
        workloads: [{ name: w, source: "\(Self.workload)" }]
        clusters: [{ name: c, source: "tiers:10" }]
        schedulers: [{ name: learned, policy: "\(Self.policy)"\(engine) }]
        seeds: 2
        """, to: "e.yaml")
    }
    let first = try tracemill("compare", "--experiment", try experiment(""), "-o", folder("a"))
    #expect(first.status == 0, "\(first.error)")
    let said = try #require(first.error.firstMatch(of: /engine: \{ .* \}/), "\(first.error)")
    let page = String(decoding: try contents(folder("a/report.html")), as: UTF8.self)
    #expect(page.contains("learned in another engine"))
    let second = try tracemill(
      "compare", "--experiment", try experiment(", \(said.output)"), "-o", folder("b"))
    #expect(second.status == 0, "\(second.error)")
    #expect(!second.error.contains("another engine"), "\(second.error)")
    // A cell alone says it as well.
    let cell = try tracemill("simulate", "--cell", "\(folder("a/results.sqlite"))#w/c/learned/1")
    #expect(cell.status == 0, "\(cell.error)")
    #expect(cell.error.contains("learned in another engine"), "\(cell.error)")
  }
}
