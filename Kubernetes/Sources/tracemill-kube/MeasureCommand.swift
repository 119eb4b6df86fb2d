import ArgumentParser
import Foundation
import KubeExtender
import KubeObjects
import KubeRules

/// `tracemill-kube measure`: how fast decisions are and how large the view is, with no API server.
struct MeasureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measure decisions and memory on made-up nodes and pods, without an API server.",
    discussion: """
      Nodes have 32 cores, 128 GiB and 110 pods; pods are of 20 templates of 500m and 512Mi. They are read from
      JSON as a watch would bring it.
      """)

  @Option(help: "Nodes.") var nodes = 5000
  @Option(help: "Pods on them.") var pods = 150_000
  @Option(help: "Decisions, each counted as a promise.") var decisions = 20_000
  @Option(help: "A policy of Tracemill's catalogue, or marl:FILE.") var policy = "best-fit"
  @Option(help: "Seeds the policies that draw.") var seed: UInt64 = 1

  func validate() throws {
    guard (1...100_000).contains(nodes), (0...10_000_000).contains(pods),
      (1...10_000_000).contains(decisions)
    else { throw ValidationError("nodes 1 to 100000, pods and decisions up to 10000000") }
  }

  private func node(_ index: Int) -> String {
    """
    {"metadata":{"name":"node-\(index)","uid":"\(index)","labels":{"kubernetes.io/hostname":"node-\(index)",
    "kubernetes.io/os":"linux","topology.kubernetes.io/zone":"zone-\(index % 3)"}},"spec":{},
    "status":{"allocatable":{"cpu":"32","memory":"128Gi","ephemeral-storage":"200Gi","pods":"110"}}}
    """
  }

  private func pod(_ index: Int, on node: Int?) -> String {
    let place = node.map { #""nodeName":"node-\#($0)","# } ?? ""
    return """
      {"metadata":{"name":"app-\(index % 20)-\(index)","namespace":"default","labels":{"app":"app-\(index % 20)"},
      "uid":"00000000-0000-0000-0000-\(String(1_000_000_000_000 + index))"},
      "spec":{\(place)"schedulerName":"tracemill","tolerations":[{"key":"node.kubernetes.io/not-ready",
      "operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable",
      "operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"containers":[{"name":"main",
      "resources":{"requests":{"cpu":"500m","memory":"512Mi"}}}]},"status":{"phase":"Running"}}
      """
  }

  private func decode<T: Decodable>(_ text: String) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(text.utf8))
  }

  private var clock: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// The greatest resident memory so far, in MB of 10^6 bytes; nil where the system does not tell.
  private var peak: Double? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let value = line.split(separator: " ").compactMap({ Double($0) }).first
    else { return nil }
    return value * 1024 / 1e6
  }

  func run() async throws {
    let scorer = try PolicyScorer(policy, seed: seed)
    let service = ExtenderService(scorer: scorer, metrics: Metrics())
    var start = clock
    for index in 0..<nodes {
      let node: Node = try decode(node(index))
      service.update(nodes: { $0.show(node) })
    }
    for index in 0..<pods {
      let pod: Pod = try decode(pod(index, on: index % nodes))
      service.update(pods: { $0.show(pod) })
    }
    if pods == 0 { service.update(pods: { _ in }) }
    say("view of \(nodes) nodes and \(pods) pods", clock - start, "s to read")

    let names = (0..<nodes).map { "\"node-\($0)\"" }.joined(separator: ",")
    var times: [Double] = []
    for index in 0..<300 {
      let body = Array("{\"Pod\":\(pod(pods + index, on: nil)),\"NodeNames\":[\(names)]}".utf8)
      start = clock
      _ = try service.answer(.filter, body)
      _ = try service.answer(.prioritize, body)
      times.append(clock - start)
    }
    // The first ones build what is kept.
    times = times.dropFirst(20).sorted()
    say("filter + prioritize of all nodes, median", times[times.count / 2] * 1e3, "ms")
    say("filter + prioritize of all nodes, p99", times[times.count * 99 / 100] * 1e3, "ms")
    if let peak { say("resident at most, so far", peak, "MB") }

    var view = ClusterView()
    for index in 0..<nodes { view.show(try decode(node(index)) as Node) }
    for index in 0..<pods { view.show(try decode(pod(index, on: index % nodes)) as Pod) }
    var chooser = NodeChooser(try PolicyScorer(policy, seed: seed))
    var waiting: [Pod] = []
    for index in 0..<decisions { waiting.append(try decode(pod(pods + 1000 + index, on: nil))) }
    times.removeAll()
    var placed = 0
    start = clock
    for pod in waiting {
      let begin = clock
      let shape = view.number(of: PodShape(pod))
      if let node = chooser.choose(shape, on: &view) {
        view.promise(pod, shape, to: node, until: .infinity)
        placed += 1
      }
      times.append(clock - begin)
    }
    let seconds = clock - start
    times.sort()
    say("decisions, \(placed) of \(decisions) with a node", Double(decisions) / seconds, "a second")
    say("a decision, median", times[times.count / 2] * 1e3, "ms")
    say("a decision, p99", times[times.count * 99 / 100] * 1e3, "ms")
  }

  private func say(_ what: String, _ value: Double, _ unit: String) {
    print(
      "\(what): \(value.formatted(.number.precision(.significantDigits(4)).grouping(.never))) \(unit)"
    )
  }
}
