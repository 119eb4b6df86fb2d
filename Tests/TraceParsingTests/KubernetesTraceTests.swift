import Diagnostics
import Foundation
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Lists of Kubernetes' pods, nodes and events, against what Python makes of the same files
/// (`Tests/Oracles/kubernetes_lists.py`).
@Suite struct KubernetesTraceTests {
  /// What Python says of a pod.
  struct Pod: Decodable {
    let uid: String
    let nanocores, memory, disk, milliGPU, created, scheduled: Int64
    let nodes: [String]

    var job: Int64 { Array(uid.utf8).withUnsafeBytes { NameNumbers.hashes(of: $0).number } }
  }

  static func open(_ path: String) throws -> any RecognisedTrace {
    try TraceOpener(formats: [KubernetesFormat()] + MappedTableFormat.presets).open(path)
  }

  static let fixtures =
    (Formats.root as NSString).deletingLastPathComponent + "/shared/kubernetes/fixtures"

  private func compare(_ folder: String, _ pods: [String: Pod]) throws {
    let trace = try #require(try Self.open(folder) as? KubernetesTrace)
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.count == pods.count)
    let byJob = Dictionary(uniqueKeysWithValues: pods.values.map { ($0.job, $0) })
    let first = try #require(pods.values.map(\.created).min())
    for record in records {
      let pod = try #require(byJob[record.id.job])
      let request = record.request
      #expect(request.cpu.nano == pod.nanocores, "\(pod.uid)")
      #expect(request.memory.rawValue == pod.memory, "\(pod.uid)")
      #expect(request.disk.rawValue == pod.disk, "\(pod.uid)")
      #expect(request.milliGPU == pod.milliGPU, "\(pod.uid)")
      #expect(record.submit.rawValue == pod.created - first, "\(pod.uid)")
      let scheduled = record.firstSchedule
      #expect(
        (scheduled.isKnown ? scheduled.rawValue + first : -1) == pod.scheduled, "\(pod.uid)")
    }
    let (nodes, rules) = try trace.placement(ReadOptions())
    #expect(rules.count == pods.count)
    for (task, rules) in rules {
      let allowed = nodes.filter { rules.allows($0) }.map(\.name).sorted()
      #expect(try #require(byJob[task.job]).nodes == allowed)
    }
  }

  @Test func `requests, scheduling times and placement are those that Python works out`() throws {
    guard
      let (folder, pods) = try OracleRun.json("kubernetes_lists.py")
        as (ScratchFolder, [String: Pod])?
    else {
      print("KubernetesTraceTests: needs a Python")
      return
    }
    #expect(pods.count == 200)
    // All kinds of cases are among them.
    #expect(Set(pods.values.map(\.nodes.count)).count > 4)
    #expect(pods.values.contains { $0.scheduled % 1_000_000 == 250_000 })
    try compare(folder.path, pods)
  }

  /// The lists that two versions of a real API server gave: `kind` is said of the list, not of its items.
  @Test(arguments: ["v1.20.2", "v1.36.2"])
  func realLists(_ version: String) throws {
    let folder = Self.fixtures + "/\(version)/nodeCacheCapable-false-3nodes"
    guard FileManager.default.fileExists(atPath: folder) else {
      print("KubernetesTraceTests: \(folder) is not there")
      return
    }
    let copy = try ScratchFolder()
    for name in ["pods-after.json", "nodes.json"] {
      try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(copy.path)/\(name)")
    }
    let oracle =
      try OracleRun.json("kubernetes_lists.py", of: copy.path) as (ScratchFolder, [String: Pod])?
    if let (_, pods) = oracle { try compare(copy.path, pods) }
    let trace = try Self.open(copy.path)
    #expect(trace.tables.map(\.name) == ["pods", "nodes"])
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.count == 12)
    // Pods that were bound without a kubelet are running as far as anybody knows; two found no node.
    #expect(records.count { $0.outcome == .running } == 10)
    #expect(records.count { $0.outcome == .pending } == 2)
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.cpu) == [Cores(32), Cores(32), Cores(32)])
    #expect(list.events.map(\.capacity.milliGPU) == [8000, 8000, 0])
    #expect(list.events.allSatisfy { $0.capacity.disk.rawValue == 200 << 30 })
    let machines = Set(list.events.map(\.machine))
    #expect(records.allSatisfy { $0.machine == -1 || machines.contains($0.machine) })
    #expect(list.notes.map(\.text).contains { $0.contains("dedicated=batch:NoSchedule on 1") })
    let texts = stream.symbols.strings
    for text in [
      "topology.kubernetes.io/zone=zone-a", "dedicated=batch:NoSchedule",
      "topology.kubernetes.io/zone in (zone-a,zone-b); 50: node.kubernetes.io/instance-type notin (g.32)",
      "app in (podaffinity) on kubernetes.io/hostname",
      "100: app=plain on topology.kubernetes.io/zone",
      "app=spread within 1 over topology.kubernetes.io/zone",
    ] { #expect(texts.contains(text), "\(text)") }
  }

  // MARK: - Lists

  static func pod(_ uid: String, _ more: String = "", phase: String = "Succeeded") -> String {
    #"{"kind":"Pod","metadata":{"name":"p-\#(uid)","namespace":"lab","uid":"\#(uid)","creationTimestamp":"2024-03-01T10:00:00Z"},"#
      + #""spec":{"nodeName":"n1","containers":[{"name":"x","resources":{"requests":{"cpu":"500m"}}}]\#(more)},"#
      + #""status":{"phase":"\#(phase)","startTime":"2024-03-01T10:00:05Z","containerStatuses":[{"state":{"terminated":{"finishedAt":"2024-03-01T10:01:00Z"}}}]}}"#
  }

  static func node(_ name: String, _ more: String = "", spec: String = "") -> String {
    #"{"kind":"Node","metadata":{"name":"\#(name)"\#(more)},"spec":{\#(spec)},"status":{"allocatable":{"cpu":"4","memory":"8Gi"}}}"#
  }

  static func event(_ reason: String, _ uid: String, _ second: Int, kind: String = "Pod") -> String
  {
    #"{"kind":"Event","metadata":{"name":"e"},"involvedObject":{"kind":"\#(kind)","uid":"\#(uid)"},"#
      + #""reason":"\#(reason)","eventTime":null,"firstTimestamp":"2024-03-01T10:00:0\#(second)Z"}"#
  }

  static func list(_ items: [String]) -> String {
    #"{"apiVersion":"v1","kind":"List","items":["# + items.joined(separator: ",\n") + "]}\n"
  }

  @Test func `pods, nodes and events in one list, in any order`() throws {
    let pods = (0..<3).map { Self.pod("u\($0)") }
    let nodes = (0..<80).map {
      Self.node("n\($0)", #","annotations":{"a":"\#(String(repeating: "x", count: 2000))"}"#)
    }
    let events = [
      Self.event("Scheduled", "u0", 3), Self.event("Pulled", "u0", 4),
      Self.event("Scheduled", "gone", 4), Self.event("NodeReady", "n1", 4, kind: "Node"),
    ]
    let folder = try ScratchFolder()
    for (name, items) in [
      ("a", pods + nodes + events), ("b", nodes + events + pods), ("c", events + pods + nodes),
    ] {
      let trace = try Self.open(
        folder.write(
          "\(name).json", Self.list(items + [#"{"kind":"Service","metadata":{"name":"s"}}"#])))
      let stream = try trace.records(ReadOptions())
      let records = try Formats.drain(stream)
      #expect(records.count == 3, "\(name)")
      #expect(records.map(\.firstSchedule.seconds).sorted() == [3, 5, 5], "\(name)")
      #expect(try trace.machineEvents(ReadOptions())?.events.count == 80, "\(name)")
      let notes = stream.report.notes.texts
      #expect(
        notes.contains(
          "first_schedule_us is the event Scheduled of 1 pod, status.startTime of 2 pods"))
      #expect(
        notes.contains(
          "1 pod scheduled by events in no list of pods: no records are made of them"))
      #expect(notes.contains("objects of other kinds: 1 Service"))
      #expect(stream.report.rows["pods"] == 3 && stream.report.rows["events"] == 4)
      #expect(
        stream.report.surveys["events"]?.events.map { "\($0.name) \($0.count)" }
          == ["Scheduled 2", "Pulled 1", "NodeReady 1"])
    }
  }

  @Test func `a pod that is listed again is one task, as it was last`() throws {
    let folder = try ScratchFolder()
    let text =
      Self.list([Self.pod("u1", phase: "Running"), Self.pod("u2")]) + Self.list([Self.pod("u1")])
    let stream = try Self.open(folder.write("pods.json", text)).records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.outcome) == [.finished, .finished])
    #expect(stream.report.notes.texts.contains("1 pod listed again: what is said last counts"))
  }

  @Test func `objects one behind the other, and one by itself`() throws {
    let folder = try ScratchFolder()
    for (text, count) in [
      (Self.pod("u1"), 1), (Self.pod("u1") + "\n" + Self.pod("u2") + "\n", 2),
    ] {
      let trace = try Self.open(folder.write("pods.json", text))
      #expect(try Formats.drain(trace.records(ReadOptions())).count == count)
    }
  }

  @Test func `how pods ended`() throws {
    func pod(_ phase: String, _ status: String, node: String = "n1") -> String {
      Self.pod("u").replacing(#""phase":"Succeeded""#, with: #""phase":"\#(phase)"\#(status)"#)
        .replacing(#""nodeName":"n1","#, with: node.isEmpty ? "" : #""nodeName":"\#(node)","#)
    }
    let cases: [(String, Outcome)] = [
      (pod("Succeeded", ""), .finished), (pod("Failed", ""), .failed),
      (pod("Failed", #","reason":"Evicted""#), .evicted),
      (
        pod("Failed", #","conditions":[{"type":"DisruptionTarget","status":"True"}]"#), .evicted
      ),
      (pod("Unknown", ""), .lost), (pod("Running", ""), .running), (pod("Pending", ""), .running),
      (pod("Pending", "", node: ""), .pending),
    ]
    for (text, outcome) in cases {
      let folder = try ScratchFolder()
      let trace = try Self.open(folder.write("pods.json", Self.list([text])))
      #expect(
        try Formats.drain(trace.records(ReadOptions())).map(\.outcome) == [outcome], "\(text)")
    }
  }

  @Test func `nodes that take no pods are told, and taints of a moment keep nobody away`() throws {
    let folder = try ScratchFolder()
    let notReady = Self.node(
      "b", spec: #""taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]"#
    )
    .replacing(
      #""status":{"#, with: #""status":{"conditions":[{"type":"Ready","status":"Unknown"}],"#)
    let path = try folder.write(
      "nodes.json",
      Self.list([
        Self.node("a", spec: #""unschedulable":true"#), notReady,
        Self.node("c", spec: #""taints":[{"key":"gpu","effect":"NoSchedule"}]"#),
      ]))
    try folder.write("pods.json", Self.list([Self.pod("u1")]))
    let trace = try #require(try Self.open(folder.path) as? KubernetesTrace)
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.count == 3)
    #expect(
      list.notes.texts == [
        "took no work when they were listed, and count as machines: 1 not ready, 1 unschedulable, of 3 nodes",
        "taints of nodes keep pods of the same lists away that do not tolerate them, and no other tasks: "
          + "gpu:NoSchedule on 1",
      ])
    let (nodes, rules) = try trace.placement(ReadOptions())
    #expect(rules.count == 1)
    #expect(nodes.filter { rules[0].rules.allows($0) }.map(\.name) == ["a", "b"])
    // By themselves they are a cluster.
    let alone = try Self.open(path)
    #expect(alone.tables.map(\.name) == ["nodes"] && !alone.canMakeRecords(from: nil))
    #expect(try alone.machineEvents(ReadOptions())?.events.count == 3)
  }

  @Test func `events by themselves say what they are`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "events.json", Self.list([Self.event("Scheduled", "u", 1), Self.event("Pulled", "u", 2)]))
    let trace = try Self.open(path)
    #expect(trace.tables.map(\.name) == ["events"] && !trace.canMakeRecords(from: nil))
    let survey = try trace.survey("events", ReadOptions())
    #expect(survey.rows == 2 && survey.events.map(\.name) == ["Scheduled", "Pulled"])
    #expect(throws: TraceError.self) { try trace.records(ReadOptions()) }
    #expect(try trace.machineEvents(ReadOptions()) == nil)
  }

  @Test func `resources without a column and affinities are told`() throws {
    let folder = try ScratchFolder()
    let affinity =
      #","affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone"}]}}"#
    let text = Self.pod("u1", affinity).replacing(
      #""cpu":"500m""#, with: #""cpu":0.5,"nvidia.com/mig-1g.5gb":1,"amd.com/gpu":"2""#)
    let stream = try Self.open(folder.write("pods.json", Self.list([text]))).records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records[0].request.cpu == Cores(0.5) && records[0].request.milliGPU == 2000)
    let notes = stream.report.notes.texts
    #expect(
      notes.contains("resources that records have no column for: nvidia.com/mig-1g.5gb of 1 pod"))
    #expect(
      notes.contains(
        "affinity to other pods and spread, of 1 pod: kept beside the records, not modelled"))
    #expect(stream.symbols.strings.contains("no pods on zone"))
  }
}
