import Foundation
import KubeObjects
import KubeRules
import Testing

/// Pods and nodes as JSON, as short as can be.
private func node(
  _ name: String, _ labels: [String: String] = [:], cpu: String = "4", taints: String = "[]"
) throws -> Node {
  let labels = String(decoding: try JSONEncoder().encode(labels), as: UTF8.self)
  return try JSONDecoder().decode(
    Node.self,
    from: Data(
      #"{"metadata":{"name":"\#(name)","labels":\#(labels)},"spec":{"taints":\#(taints)},"status":{"allocatable":{"cpu":"\#(cpu)","memory":"8Gi","pods":"10","nvidia.com/gpu":"2"}}}"#
        .utf8))
}

private func pod(
  _ name: String, cpu: String = "1", labels: String = "{}", spec: String = "",
  on node: String? = nil,
  more: String = ""
) throws -> Pod {
  let place = node.map { #""nodeName":"\#($0)","# } ?? ""
  return try JSONDecoder().decode(
    Pod.self,
    from: Data(
      #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"\#(name)","labels":\#(labels)},"spec":{\#(place)\#(spec)"containers":[{"name":"c","resources":{"requests":{"cpu":"\#(cpu)"\#(more)}}}]}}"#
        .utf8))
}

@Suite struct RulesTests {
  private func view(_ nodes: [Node], _ pods: [Pod] = []) -> ClusterView {
    var view = ClusterView()
    for node in nodes { view.show(node) }
    for pod in pods { view.show(pod) }
    return view
  }

  /// Promises a pod the first node until second 10.
  private func promise(_ pod: Pod, _ view: inout ClusterView) {
    view.promise(pod, view.number(of: PodShape(pod)), to: 0, until: 10)
  }

  /// The names of nodes that take a pod.
  private func places(_ pod: Pod, _ view: ClusterView) -> [String] {
    var view = view
    let rules = PodRules(view.number(of: PodShape(pod)), on: view)
    return view.nodes.indices.filter { rules.reason($0, on: view) == nil }
      .map { view.nodes[$0].node.name }
  }

  @Test func resourcesOfEveryKindCount() throws {
    let view = view([try node("a"), try node("b", cpu: "2")], [try pod("p", cpu: "3", on: "a")])
    #expect(places(try pod("x", cpu: "1"), view) == ["a", "b"])
    #expect(places(try pod("x", cpu: "1001m"), view) == ["b"])
    #expect(places(try pod("x", cpu: "5"), view) == [])
    #expect(places(try pod("x", more: #","nvidia.com/gpu":"2""#), view) == ["a", "b"])
    #expect(places(try pod("x", more: #","nvidia.com/gpu":"3""#), view) == [])
    #expect(places(try pod("x", more: #","example.com/dongle":"1""#), view) == [])
  }

  @Test func podsAreCountedFromPromiseToDeath() throws {
    var view = view([try node("a")])
    promise(try pod("p", cpu: "4"), &view)
    #expect(places(try pod("x"), view) == [])
    // Shown there by the API server: it no longer lapses.
    view.show(try pod("p", cpu: "4", on: "a"))
    #expect(view.lapse(at: 100) == 0)
    #expect(places(try pod("x"), view) == [])
    view.removePod("p")
    #expect(places(try pod("x"), view) == ["a"])
    promise(try pod("q", cpu: "4"), &view)
    #expect(view.lapse(at: 11) == 1)
    #expect(places(try pod("x"), view) == ["a"])
    // A pod whose node comes later.
    view.show(try pod("r", cpu: "2", on: "late"))
    view.show(try node("late", cpu: "2"))
    #expect(places(try pod("x"), view) == ["a"])
  }

  @Test func taintsAndTolerations() throws {
    let taint = #"[{"key":"dedicated","value":"batch","effect":"NoSchedule"}]"#
    let view = view([try node("a"), try node("t", taints: taint)])
    #expect(places(try pod("x"), view) == ["a"])
    for toleration in [
      #"{"key":"dedicated","operator":"Equal","value":"batch"}"#,
      #"{"key":"dedicated","operator":"Exists"}"#,
      #"{"operator":"Exists"}"#, #"{"key":"dedicated","value":"batch","effect":"NoSchedule"}"#,
    ] {
      #expect(places(try pod("x", spec: #""tolerations":[\#(toleration)],"#), view) == ["a", "t"])
    }
    for toleration in [
      #"{"key":"dedicated","value":"other"}"#, #"{"key":"other","operator":"Exists"}"#,
      #"{"operator":"Exists","effect":"NoExecute"}"#,
    ] {
      #expect(places(try pod("x", spec: #""tolerations":[\#(toleration)],"#), view) == ["a"])
    }
  }

  @Test func nodeAffinity() throws {
    let view = view([
      try node("a", ["zone": "1", "gen": "3"]), try node("b", ["zone": "2", "gen": "5"]),
      try node("c"),
    ])
    func with(_ expression: String) throws -> [String] {
      places(
        try pod(
          "x",
          spec:
            #""affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[\#(expression)]}]}}},"#
        ),
        view)
    }
    #expect(try with(#"{"key":"zone","operator":"In","values":["1"]}"#) == ["a"])
    #expect(try with(#"{"key":"zone","operator":"NotIn","values":["1"]}"#) == ["b", "c"])
    #expect(try with(#"{"key":"zone","operator":"Exists"}"#) == ["a", "b"])
    #expect(try with(#"{"key":"zone","operator":"DoesNotExist"}"#) == ["c"])
    #expect(try with(#"{"key":"gen","operator":"Gt","values":["3"]}"#) == ["b"])
    #expect(try with(#"{"key":"gen","operator":"Lt","values":["4"]}"#) == ["a"])
    #expect(places(try pod("x", spec: #""nodeSelector":{"zone":"2"},"#), view) == ["b"])
  }

  @Test func podAffinityAndAntiAffinity() throws {
    let nodes = [
      try node("a", ["zone": "1", "host": "a"]), try node("b", ["zone": "1", "host": "b"]),
      try node("c", ["zone": "2", "host": "c"]),
    ]
    func term(_ key: String, _ app: String) -> String {
      #"{"topologyKey":"\#(key)","labelSelector":{"matchLabels":{"app":"\#(app)"}}}"#
    }
    func spec(_ kind: String, _ term: String) -> String {
      #""affinity":{"\#(kind)":{"requiredDuringSchedulingIgnoredDuringExecution":[\#(term)]}},"#
    }
    let view = view(nodes, [try pod("p", labels: #"{"app":"db"}"#, on: "a")])
    #expect(
      places(try pod("x", spec: spec("podAffinity", term("zone", "db"))), view) == ["a", "b"])
    #expect(
      places(try pod("x", spec: spec("podAntiAffinity", term("host", "db"))), view) == ["b", "c"])
    #expect(places(try pod("x", spec: spec("podAntiAffinity", term("zone", "db"))), view) == ["c"])
    // The first of its own group may go anywhere; one that waits for others may not.
    #expect(
      places(
        try pod("x", labels: #"{"app":"web"}"#, spec: spec("podAffinity", term("zone", "web"))),
        view)
        == ["a", "b", "c"])
    #expect(places(try pod("x", spec: spec("podAffinity", term("zone", "web"))), view) == [])
    // Who is there keeps others away.
    let guarded = self.view(
      nodes,
      [
        try pod(
          "g", labels: #"{"app":"x"}"#, spec: spec("podAntiAffinity", term("zone", "web")), on: "c")
      ])
    #expect(places(try pod("x", labels: #"{"app":"web"}"#), guarded) == ["a", "b"])
  }

  @Test func topologySpread() throws {
    let nodes = [try node("a", ["zone": "1"]), try node("b", ["zone": "2"]), try node("c")]
    let spec =
      #""topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"w"}}}],"#
    let one = try pod("w1", labels: #"{"app":"w"}"#, on: "a")
    #expect(places(try pod("x", labels: #"{"app":"w"}"#, spec: spec), view(nodes)) == ["a", "b"])
    #expect(places(try pod("x", labels: #"{"app":"w"}"#, spec: spec), view(nodes, [one])) == ["b"])
  }

  @Test func hostPorts() throws {
    let view = view(
      [try node("a"), try node("b")],
      [
        try JSONDecoder().decode(
          Pod.self,
          from: Data(
            #"{"metadata":{"name":"h","uid":"h"},"spec":{"nodeName":"a","containers":[{"name":"c","ports":[{"hostPort":80}]}]}}"#
              .utf8))
      ])
    let other = try JSONDecoder().decode(
      Pod.self,
      from: Data(
        #"{"metadata":{"name":"i","uid":"i"},"spec":{"containers":[{"name":"c","ports":[{"hostPort":80,"hostIP":"10.0.0.1"}]}]}}"#
          .utf8))
    #expect(places(other, view) == ["b"])
  }

  @Test func effectiveRequests() throws {
    let pod = try JSONDecoder().decode(
      Pod.self,
      from: Data(
        #"{"metadata":{"name":"m"},"spec":{"overhead":{"cpu":"100m"},"initContainers":[{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},{"name":"i","resources":{"requests":{"cpu":"3"}}}],"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}},{"name":"b","resources":{"limits":{"cpu":"0.25"}}}]}}"#
          .utf8))
    // max(1 + 0.25 + 0.5, 3 + 0.5) + 0.1
    #expect(pod.requests["cpu"] == Quantity("3600m"))
  }

  @Test func whatIsNotHonouredIsNamed() throws {
    #expect(try pod("x").unknownConstraint == nil)
    #expect(
      try pod("x", spec: #""schedulingGates":[{"name":"g"}],"#).unknownConstraint
        == "scheduling gate g")
    #expect(
      try pod("x", spec: #""volumes":[{"name":"v","csi":{"driver":"d"}}],"#)
        .unknownConstraint == "volume v, which can bind the pod to nodes")
    #expect(
      try pod("x", spec: #""volumes":[{"name":"v","emptyDir":{}}],"#).unknownConstraint == nil)
  }

  /// A chooser's flags, kept up through random changes, are what the rules say of every node.
  @Test func flagsThatAreKeptAreThoseOfTheRules() throws {
    var state: UInt64 = 11
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let taint = #"[{"key":"k","effect":"NoSchedule"}]"#
    var view = ClusterView()
    var chooser = NodeChooser(ByNumber())
    let shapes =
      try ["1", "2", "3"].map { PodShape(try pod("s", cpu: $0)) } + [
        PodShape(try pod("s", spec: #""tolerations":[{"operator":"Exists"}],"#)),
        PodShape(
          try pod("s", labels: #"{"app":"w"}"#, spec: #""nodeSelector":{"zone":"1"},"#)),
      ]
    for step in 0..<3000 {
      let name = "n\(next(12))"
      switch next(6) {
      case 0: view.show(try node(name, ["zone": "\(next(2))"], taints: next(4) == 0 ? taint : "[]"))
      case 1 where next(4) == 0: view.removeNode(name)
      case 2: view.removePod("p\(next(40))")
      case 3:
        let anti =
          #""affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone","labelSelector":{"matchLabels":{"app":"w"}}}]}},"#
        view.show(
          try pod("p\(next(40))", spec: next(30) == 0 ? anti : "", on: "n\(next(14))"))
      default:
        let shape = view.number(of: shapes[next(shapes.count)])
        let rules = PodRules(shape, on: view)
        let wanted = view.nodes.indices.map { rules.reason($0, on: view) == nil }
        #expect(chooser.allowed(shape, on: &view) == wanted, "\(step)")
        if let node = chooser.choose(shape, on: &view) {
          #expect(wanted[node])
          view.promise("p\(next(40))", shape, to: node)
        } else {
          #expect(!wanted.contains(true))
        }
        view.tidy()
      }
    }
    // What nodes hold is what their pods hold.
    for node in view.nodes.indices {
      var held = [Int64](repeating: 0, count: view.resources.count)
      for uid in view.nodes[node].pods {
        for (index, amount) in view.amounts(of: view.pods[uid]!.shape).enumerated() {
          held[index] += amount
        }
      }
      for (index, amount) in view.nodes[node].held.enumerated() { #expect(amount == held[index]) }
    }
  }

  @Test func shapesOfNoPodAreForgotten() throws {
    var view = view([try node("a", cpu: "100000")])
    for index in 0..<20_000 {
      let pod = try pod("p\(index)", cpu: "1m", labels: #"{"job":"\#(index)"}"#, on: "a")
      view.show(pod)
      view.removePod("p\(index)")
      view.tidy()
    }
    #expect(view.shapes.count < 3000)
  }

  @Test func theLeastPodsGo() throws {
    func ranked(_ name: String, _ cpu: String, _ priority: Int, on node: String?) throws -> Pod {
      try pod(name, cpu: cpu, spec: #""priority":\#(priority),"#, on: node)
    }
    var view = view(
      [try node("a"), try node("b"), try node("c")],
      [
        try ranked("a1", "2", 5, on: "a"), try ranked("a2", "2", 1, on: "a"),
        try ranked("b1", "1", 1, on: "b"), try ranked("b2", "1", 1, on: "b"),
        try ranked("b3", "2", 9, on: "b"), try ranked("c1", "4", 50, on: "c"),
      ])
    func plan(_ cpu: String, _ priority: Int) throws -> Preemption? {
      view.preemption(for: view.number(of: PodShape(try ranked("x", cpu, priority, on: nil))))
    }
    // On a one of priority 1 goes, on b two would.
    let possible = try (two: plan("2", 10), four: plan("4", 10))
    let two = try #require(possible.two)
    #expect(two.node == 0 && two.victims == ["a2"])
    let four = try #require(possible.four)
    #expect(four.node == 0 && four.victims == ["a1", "a2"])
    #expect(try plan("2", 1) == nil)
    #expect(try plan("5", 100) == nil)
    // Nothing is changed by asking.
    #expect(view.pods.count == 6 && view.free(0, 0) == 0)
  }
}
