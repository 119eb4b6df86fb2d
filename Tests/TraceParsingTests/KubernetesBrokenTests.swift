// swift-format-ignore-file
import Diagnostics
import Testing
import TraceInput
import TraceParsing
import Workload

/// Broken and hostile lists of Kubernetes: some good objects and a bad one, and the one line that it must be told with.
@Suite struct KubernetesBrokenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var change: (String, String)
    var message: String
    var testDescription: String { message }

    init(_ old: String, _ new: String, _ message: String) {
      (change, self.message) = ((old, new), message)
    }
  }

  private static let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
  private static let deeper = String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000)

  static let pods: [Case] = [
    Case(#""2024-03-01T10:00:00Z""#, #""yesterday""#, "metadata.creationTimestamp 'yesterday' is no date-time: it does not begin with a date"),
    Case(#""2024-03-01T10:00:00Z""#, #""1969-03-01T10:00:00Z""#, "metadata.creationTimestamp '1969-03-01T10:00:00Z' is before 1970"),
    Case(#""2024-03-01T10:00:00Z""#, #""""#, "metadata.creationTimestamp is missing"),
    Case(#""500m""#, #""5x""#, "spec.containers[0].resources.requests.cpu '5x' is no quantity"),
    Case(#""500m""#, #""1e30""#, "spec.containers[0].resources.requests.cpu '1e30' is no quantity"),
    Case(#""500m""#, #""9000000000""#, "spec asks for a CPU amount of 9000000000 cores is not from 0 to 18014398.509481983"),
    Case(#""500m""#, #""-1""#, "spec asks for a CPU amount of -1 cores is not from 0 to 18014398.509481983"),
    Case(#""500m""#, #"[]"#, "spec.containers[0].resources.requests.cpu has another type than it should"),
    Case(#""500m""#, #"null"#, "spec.containers[0].resources.requests.cpu is null"),
    Case(#""cpu":"500m""#, #""cpu":"1","cpu":"2""#, "expected a JSON object: 'spec' has 'cpu' twice"),
    Case(#""cpu":"500m""#, #""memory":"1Qi""#, "spec.containers[0].resources.requests.memory '1Qi' is no quantity"),
    Case(#""Succeeded""#, #""Done""#, "status.phase 'Done' is none of Pending, Running, Succeeded, Failed, Unknown"),
    Case(#""phase":"Succeeded","#, "", "status.phase is missing"),
    Case(#""2024-03-01T10:01:00Z""#, #""soon""#, "status.containerStatuses.*.state.terminated.finishedAt 'soon' is no date-time: it does not begin with a date"),
    Case(#""name":"p-u2","#, "", "metadata.name is missing"),
    Case(#""containers""#, #""boxes""#, "spec has no containers"),
    Case(#""nodeName":"n1""#, #""nodeName":7"#, "spec.nodeName has another type than it should"),
    Case(#""nodeName":"n1""#, #""priority":1e99"#, "spec is nested too deeply, or has a number that is too large"),
    Case(#""nodeName":"n1""#, #""nodeSelector":["a"]"#, "spec.nodeSelector has another type than it should"),
    Case(#""nodeName":"n1""#, #""initContainers":[{"name":"i","resources":{"requests":{"cpu":"x"}}}]"#, "spec.initContainers[0].resources.requests.cpu 'x' is no quantity"),
    Case(#""nodeName":"n1""#, #""overhead":{"cpu":"x"}"#, "spec.overhead.cpu 'x' is no quantity"),
    Case(#""nodeName":"n1""#, #""affinity":\#(deep)"#, "spec is nested too deeply, or has a number that is too large"),
    Case(#""nodeName":"n1""#, #""affinity":\#(deeper)"#, "expected a JSON object: The JSON document was too deep (too many nested objects and arrays)"),
    Case(#""startTime""#, #""conditions":[{"type":"PodScheduled","status":"True","lastTransitionTime":"x"}],"startTime""#, "status.conditions.lastTransitionTime 'x' is no date-time: it does not begin with a date"),
    Case(#""spec":"#, #""spec":{"containers":[]},"spec":"#, "expected a JSON object: 'spec.containers.#' is there twice"),
  ]

  private func told(_ text: String, _ name: String = "pods.json") throws -> String {
    let folder = try ScratchFolder()
    let path = try folder.write(name, text)
    do {
      let trace = try TraceOpener(formats: [KubernetesFormat()] + MappedTableFormat.presets).open(path)
      guard trace.canMakeRecords(from: nil) else {
        _ = try trace.machineEvents(ReadOptions())
        _ = try Formats.drain(trace.records(ReadOptions()))
        return "no error"
      }
      _ = try Formats.drain(trace.records(ReadOptions()))
    } catch {
      return "\(error)".replacing(folder.path + "/", with: "")
    }
    return "no error"
  }

  @Test(arguments: pods)
  func `a pod is told in one line`(input: Case) throws {
    let bad = KubernetesTraceTests.pod("u2").replacing(input.change.0, with: input.change.1)
    #expect(bad != KubernetesTraceTests.pod("u2"))
    let text = KubernetesTraceTests.list([KubernetesTraceTests.pod("u1"), bad, KubernetesTraceTests.pod("u3")])
    #expect(try told(text) == "pods.json:2: \(input.message)")
    // Leniently the others are read, and it is counted.
    let folder = try ScratchFolder()
    var options = ReadOptions()
    let rejects = try RejectLog { _ in }
    options.rejects = rejects
    let trace = try TraceOpener(formats: [KubernetesFormat()]).open(folder.write("pods.json", text))
    let records = try Formats.drain(trace.records(options))
    #expect(records.count == 2 && rejects.counts.values.reduce(0, +) == 1)
  }

  static let nodes: [Case] = [
    Case(#""cpu":"4""#, #""cpu":"many""#, "nodes.json:2: status.allocatable.cpu 'many' is no quantity"),
    Case(#""cpu":"4""#, #""cpu":"9000000000""#, "nodes.json:2: status.allocatable has a CPU amount of 9000000000 cores is not from 0 to 18014398.509481983"),
    Case(#""allocatable""#, #""other""#, "nodes.json:2: node n2 has no status.allocatable"),
    Case(#""name":"n2""#, #""title":"n2""#, "nodes.json:2: metadata.name is missing"),
    Case(#""spec":{"#, #""spec":{"taints":[{"key":"a"}]"#, "nodes.json:2: spec.taints[0] has no effect"),
    Case(#""spec":{"#, #""spec":{"taints":7"#, "nodes.json:2: spec.taints has another type than it should"),
    Case(#""name":"n2""#, #""name":"n2","labels":{"a":1}"#, "nodes.json:2: metadata.labels.a has another type than it should"),
  ]

  @Test(arguments: nodes)
  func `a node is told in one line`(input: Case) throws {
    let bad = KubernetesTraceTests.node("n2").replacing(input.change.0, with: input.change.1)
    #expect(try told(KubernetesTraceTests.list([KubernetesTraceTests.node("n1"), bad]), "nodes.json") == input.message)
  }

  static let events: [Case] = [
    Case(#""reason":"Scheduled","#, "", "pods.json:3: reason is missing"),
    Case(#""2024-03-01T10:00:01Z""#, #""x""#, "pods.json:3: firstTimestamp 'x' is no date-time: it does not begin with a date"),
    Case(#""eventTime":null"#, #""eventTime":"2024-13-01T00:00:00Z""#, "pods.json:3: eventTime '2024-13-01T00:00:00Z' is no date-time: month 13"),
  ]

  @Test(arguments: events)
  func `an event is told in one line`(input: Case) throws {
    let bad = KubernetesTraceTests.event("Scheduled", "u2", 1).replacing(input.change.0, with: input.change.1)
    let good = [KubernetesTraceTests.pod("u1"), KubernetesTraceTests.event("Scheduled", "u1", 1)]
    #expect(try told(KubernetesTraceTests.list(good + [bad])) == input.message)
  }

  @Test func `what is no list of pods says what it is`() throws {
    let event = KubernetesTraceTests.list([KubernetesTraceTests.event("Scheduled", "u", 1), KubernetesTraceTests.event("Pulled", "u", 2)])
    #expect(try told(event, "events.json") == "events.json: 2 events of Kubernetes (1 Scheduled, 1 Pulled): they say when pods were scheduled and not what they ask for; kubectl get pods -A -o json has the pods: give both, in one folder")
    let other = KubernetesTraceTests.list([#"{"kind":"Deployment","metadata":{"name":"d"}}"#])
    #expect(try told(other, "d.json") == "d.json: a list of Kubernetes' objects (Deployment); records are made of pods: kubectl get pods -A -o json has them")
    #expect(try told(KubernetesTraceTests.list([KubernetesTraceTests.node("n")]), "nodes.json") == "nodes.json: the machines of kubernetes-pods; records are made of the table of its tasks: give both, in one folder")
  }

  @Test func `a list that breaks off`() throws {
    let text = KubernetesTraceTests.list([KubernetesTraceTests.pod("u1"), KubernetesTraceTests.pod("u2")])
    #expect(try told(String(text.prefix(text.count - 60))) == "pods.json:2: the text ends within an object")
    #expect(try told(KubernetesTraceTests.list([KubernetesTraceTests.pod("u1"), "7"])) == "pods.json:2: expected a JSON object: it is JSON, but not an object")
  }

  /// NUL in names, and ten thousand kinds of objects and reasons of events, which are counted in bounded memory.
  @Test func `hostile names`() throws {
    let folder = try ScratchFolder()
    let items =
      [KubernetesTraceTests.pod("u1").replacing("p-u1", with: #"a\u0000b"#)]
      + (0..<10_000).map { #"{"kind":"K\#($0)","metadata":{"name":"x"}}"# }
      + (0..<10_000).map { KubernetesTraceTests.event("R\($0)", "u", 1) }
    let trace = try TraceOpener(formats: [KubernetesFormat()]).open(
      folder.write("pods.json", KubernetesTraceTests.list(items)))
    let stream = try trace.records(ReadOptions())
    #expect(try Formats.drain(stream).count == 1)
    let events = try #require(stream.report.surveys["events"])
    #expect(events.rows == 10_000 && events.events.count == 101)
    #expect(events.events.reduce(0) { $0 + $1.count } == 10_000)
    #expect(stream.report.notes.contains { $0.kind == .leftOut && $0.figures["objects"] == 10_000 })
  }
}
