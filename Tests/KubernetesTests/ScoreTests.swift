import Foundation
import KubeObjects
import KubeRules
import Testing

/// Scores worked out by hand from the sources that ScorePlugins names.
@Suite struct ScoreTests {
  private func node(
    _ name: String, cpu: String = "4", memory: String = "8Gi", labels: String = "{}",
    taints: String = "[]"
  ) throws -> Node {
    try JSONDecoder().decode(
      Node.self,
      from: Data(
        #"{"metadata":{"name":"\#(name)","labels":\#(labels)},"spec":{"taints":\#(taints)},"status":{"allocatable":{"cpu":"\#(cpu)","memory":"\#(memory)","pods":"110"}}}"#
          .utf8))
  }

  private func pod(
    _ name: String, requests: String = #"{"cpu":"1","memory":"2Gi"}"#, labels: String = "{}",
    spec: String = "", on node: String? = nil
  ) throws -> Pod {
    let place = node.map { #""nodeName":"\#($0)","# } ?? ""
    return try JSONDecoder().decode(
      Pod.self,
      from: Data(
        #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"\#(name)","labels":\#(labels)},"spec":{\#(place)\#(spec)"containers":[{"name":"c","resources":{"requests":\#(requests)}}]}}"#
          .utf8))
  }

  private func scores(
    _ pod: Pod, _ plugins: ScorePlugins, _ nodes: [Node], _ pods: [Pod] = []
  ) -> ScorePlugins.Scores {
    var view = ClusterView()
    for node in nodes { view.show(node) }
    for pod in pods { view.show(pod) }
    return plugins.scores(
      view.number(of: PodShape(pod)), nodes: Array(view.nodes.indices), on: view)
  }

  @Test func leastAndMostAllocated() throws {
    let nodes = [try node("a"), try node("b", cpu: "3", memory: "16Gi")]
    var plugins = ScorePlugins(era: .early)
    // a: (75 + 75) / 2; b: 2000 * 100 / 3000 = 66, 14 * 100 / 16 = 87, (66 + 87) / 2 = 76.
    #expect(try scores(pod("x"), plugins, nodes).parts[.resourcesFit] == [75, 76])
    plugins.strategy = .mostAllocated
    // a: (25 + 25) / 2; b: 33 and 12.
    #expect(try scores(pod("x"), plugins, nodes).parts[.resourcesFit] == [25, 22])
    plugins.resources = [("cpu", 3), ("memory", 1)]
    #expect(try scores(pod("x"), plugins, nodes).parts[.resourcesFit] == [25, 27])
  }

  @Test func requestedToCapacityRatio() throws {
    var plugins = ScorePlugins(era: .early)
    plugins.strategy = .requestedToCapacityRatio([
      .init(utilisation: 0, score: 0), .init(utilisation: 50, score: 100),
      .init(utilisation: 100, score: 0),
    ])
    // CPU 25 % -> 50, memory 25 % -> 50; with another pod there 50 % -> 100 each.
    let nodes = [try node("a"), try node("b")]
    #expect(
      try scores(pod("x"), plugins, nodes, [pod("y", on: "b")]).parts[.resourcesFit] == [50, 100])
  }

  @Test func balance() throws {
    let nodes = [try node("a"), try node("b", cpu: "2")]
    let early = try scores(pod("x"), ScorePlugins(era: .early), nodes)
    // b: CPU 0.5, memory 0.25: 1 - 0.25; from 1.23 on half of that difference.
    #expect(early.parts[.balancedAllocation] == [100, 75])
    let late = try scores(pod("x"), ScorePlugins(era: .late), nodes)
    #expect(late.parts[.balancedAllocation] == [100, 87])
  }

  @Test func podsWithoutRequestsArePresumedToNeedSome() throws {
    // 100m of 1000m is 90 left; 200 MiB of 1000 MiB is 80 left.
    let nodes = [try node("a", cpu: "1", memory: "1000Mi")]
    #expect(
      try scores(pod("x", requests: "{}"), ScorePlugins(era: .early), nodes).parts[.resourcesFit]
        == [85])
  }

  @Test func taintsAndNodeAffinity() throws {
    let nodes = [
      try node("a", labels: #"{"z":"1"}"#),
      try node("b", taints: #"[{"key":"k","effect":"PreferNoSchedule"}]"#),
      try node(
        "c", labels: #"{"z":"1","d":"ssd"}"#,
        taints:
          #"[{"key":"k","effect":"PreferNoSchedule"},{"key":"l","effect":"PreferNoSchedule"}]"#),
    ]
    let spec =
      #""affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":10,"preference":{"matchExpressions":[{"key":"z","operator":"Exists"}]}},{"weight":30,"preference":{"matchExpressions":[{"key":"d","operator":"In","values":["ssd"]}]}}]}},"#
    let found = try scores(pod("x", spec: spec), ScorePlugins(era: .early), nodes)
    #expect(found.parts[.taintToleration] == [100, 50, 0])
    #expect(found.parts[.nodeAffinity] == [25, 0, 100])
  }

  @Test func softSpreadAndAffinity() throws {
    let nodes = try (0..<3).map { try node("n\($0)", labels: #"{"zone":"\#($0)"}"#) }
    let others = [
      try pod("p", labels: #"{"app":"w"}"#, on: "n0"),
      try pod("q", labels: #"{"app":"w"}"#, on: "n0"),
      try pod("r", labels: #"{"app":"w"}"#, on: "n1"),
    ]
    let spread =
      #""topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway","labelSelector":{"matchLabels":{"app":"w"}}}],"#
    // Counts 2, 1, 0 times log 5: 3, 1, 0; 100 * (3 + 0 - s) / 3.
    let found = try scores(pod("x", spec: spread), ScorePlugins(era: .early), nodes, others)
    #expect(found.parts[.podTopologySpread] == [0, 66, 100])
    func near(_ kind: String) -> String {
      #""affinity":{"\#(kind)":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":5,"podAffinityTerm":{"topologyKey":"zone","labelSelector":{"matchLabels":{"app":"w"}}}}]}},"#
    }
    #expect(
      try scores(pod("x", spec: near("podAffinity")), ScorePlugins(era: .early), nodes, others)
        .parts[.interPodAffinity] == [100, 50, 0])
    #expect(
      try scores(pod("x", spec: near("podAntiAffinity")), ScorePlugins(era: .early), nodes, others)
        .parts[.interPodAffinity] == [0, 50, 100])
  }
}
