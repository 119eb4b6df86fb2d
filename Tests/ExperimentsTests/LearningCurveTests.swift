import Configuration
import Simulation
import Testing

@testable import Experiments

@Suite struct LearningCurveTests {
  @Test func aCurveIsReadByItsColumns() throws {
    let curve = try LearningCurve(
      csv: "iteration,reward,decisions,validation\n1,-0.5,100,\n2,0.25,200,0.5\n")
    #expect(curve.exploring.map(\.decisions) == [100, 200])
    #expect(curve.exploring.map(\.reward) == [-0.5, 0.25])
    #expect(curve.validation.map(\.decisions) == [200] && curve.validation[0].reward == 0.5)
    #expect(try LearningCurve(csv: "decisions,reward\r\n7,1e-3\r\n").exploring[0].reward == 1e-3)
  }

  @Test(arguments: [
    ("", "1: no learning curve: expected columns decisions and reward"),
    ("a,b\n", "1: no learning curve: expected columns decisions and reward"),
    ("decisions,reward\n1,2\nx,3\n", "3: decisions is 'x'; expected a number"),
    ("decisions,reward\n1\n", "2: reward is nothing; expected a number"),
    ("decisions,reward,validation\n1,2,nan\n", "2: validation is 'nan'; expected a number"),
  ])
  func whatIsNoCurveIsToldByLine(text: String, message: String) {
    do {
      _ = try LearningCurve(csv: text)
      Issue.record("'\(text)' was read")
    } catch {
      #expect("\(error)" == message)
    }
  }
}

/// What of an experiment file has machines in it.
@Suite struct InlineClusterTests {
  private func issues(_ clusters: String) -> [String] {
    do {
      let text = "name: a\nworkloads: [w]\nschedulers: [random]\nseeds: 1\nclusters:\n" + clusters
      _ = try ExperimentDefinition(ConfigurationFile(text: text, name: "f"))
      return []
    } catch {
      return error.issues.map { "\($0.path): \($0.message)" }
    }
  }

  @Test func groupsAreMachines() throws {
    let text = """
      name: a
      workloads: [w]
      clusters:
        - { name: mixed, groups: [{ count: 2, cores: 8, memoryGiB: [16, 32] }, { count: 1, cores: 4, memoryGiB: 8 }] }
      schedulers: [random]
      seeds: 1
      """
    let definition = try ExperimentDefinition(ConfigurationFile(text: text, name: "f"))
    let groups = try #require(definition.clusters[0].groups)
    #expect(groups.map(\.count) == [2, 1])
    #expect(groups[0].memoryGiB == ValueRange(low: 16, high: 32))
  }

  @Test func whatIsWrongIsToldWithItsPath() {
    let found = issues(
      """
        - { name: a, groups: [{ count: 2, cores: 8, memoryGiB: 16 }, { count: 1, cores: 0, memoryGiB: [8, 4] }] }
        - { groups: [{ count: 1, cores: 1, memoryGiB: 1, coers: 2 }] }
        - { name: c, source: "study:5", groups: [{ count: 1, cores: 1, memoryGiB: 1 }] }
        - { name: d, groups: [] }
      """)
    for part in [
      "clusters[0].groups[1].cores: ", "clusters[0].groups[1].memoryGiB: ", "clusters[1].name: ",
      "clusters[1].groups[0].coers: ", "clusters[2]: has both a source and groups",
      "clusters[3].groups: ",
    ] {
      #expect(found.contains { $0.hasPrefix(part) }, "\(part) in \(found)")
    }
  }
}
