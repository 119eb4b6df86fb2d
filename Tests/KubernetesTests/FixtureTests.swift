import Foundation
import KubeExtender
import KubeObjects
import KubeRules
import TestSupport
import Testing

/// Bodies that real kube-schedulers of two versions sent (../shared/kubernetes/fixtures).
enum Fixtures {
  static let folder = packageRoot.appendingPathComponent("../shared/kubernetes/fixtures").path
  static let areThere = FileManager.default.fileExists(atPath: folder)

  /// Paths of the requests of a verb.
  static func requests(_ verb: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix("-\(verb).request.json") }.sorted().map { folder + "/" + $0 }
  }

  static func bytes(_ path: String) -> [UInt8] {
    Array(FileManager.default.contents(atPath: path) ?? Data())
  }

  static func object(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }
}

/// Likes nodes by the order of their numbers.
struct ByNumber: NodeScorer {
  let name = "by-number"
  mutating func changed(_ changes: [ClusterView.Change], on view: ClusterView) {}
  mutating func scores(_ shape: Int32, nodes: [Int], on view: ClusterView) -> [Double?] {
    nodes.map { Double($0) }
  }
}

@Suite(.enabled(if: Fixtures.areThere, "needs ../shared/kubernetes/fixtures"))
struct FixtureTests {
  private func service(
    nodesOf path: String, decidesInFilter: Bool = false
  ) throws -> ExtenderService {
    var settings = ExtenderService.Settings()
    settings.decidesInFilter = decidesInFilter
    let service = ExtenderService(scorer: ByNumber(), metrics: Metrics(), settings: settings)
    let list = URL(fileURLWithPath: path).deletingLastPathComponent()
      .appendingPathComponent("nodes.json").path
    struct List: Decodable { var items: [Node] }
    let nodes =
      (try? JSONDecoder().decode(List.self, from: Data(Fixtures.bytes(list))))?.items ?? []
    service.update(nodes: { view in for node in nodes { view.show(node) } })
    service.update(pods: { _ in })
    return service
  }

  /// What comes back of a node: all but what no plugin reads.
  private static func withoutManagedFields(_ node: NSDictionary) -> NSDictionary {
    guard var node = node as? [String: Any], var metadata = node["metadata"] as? [String: Any]
    else { return node }
    metadata["managedFields"] = nil
    node["metadata"] = metadata
    return node as NSDictionary
  }

  @Test func filterKeepsWholeItemsAndNames() throws {
    var seen = 0
    for path in Fixtures.requests("filter") {
      let body = Fixtures.bytes(path)
      let request = try Fixtures.object(body)
      let answer = try Fixtures.object(service(nodesOf: path).answer(.filter, body))
      seen += 1
      // Capital names, and the field that was asked for.
      #expect(
        Set(answer.keys) == [
          "Nodes", "NodeNames", "FailedNodes", "FailedAndUnresolvableNodes", "Error",
        ])
      let failed = try #require(answer["FailedNodes"] as? [String: String])
      if let names = request["NodeNames"] as? [String] {
        let kept = try #require(answer["NodeNames"] as? [String])
        #expect(answer["Nodes"] is NSNull)
        #expect(kept == names.filter { failed[$0] == nil })
      } else {
        let sent = try #require((request["Nodes"] as? [String: Any])?["items"] as? [NSDictionary])
        let kept = try #require((answer["Nodes"] as? [String: Any])?["items"] as? [NSDictionary])
        #expect(answer["NodeNames"] is NSNull)
        let whole = sent.filter { item in
          let name = (item["metadata"] as? NSDictionary)?["name"] as? String
          return failed[name ?? ""] == nil
        }.map(Self.withoutManagedFields)
        #expect(kept == whole)
      }
    }
    #expect(seen > 20)
  }

  /// Where filter decides, its answer is the policy's node of those that it would keep, and what it would
  /// refuse is refused in the same words.
  @Test func filterDecides() throws {
    var chosen = 0
    for path in Fixtures.requests("filter") {
      let body = Fixtures.bytes(path)
      let request = try Fixtures.object(body)
      let nodes = (path as NSString).deletingLastPathComponent + "/nodes.json"
      guard request["NodeNames"] is [String], FileManager.default.fileExists(atPath: nodes)
      else { continue }
      let all = try Fixtures.object(service(nodesOf: path).answer(.filter, body))
      let asked = try service(nodesOf: path, decidesInFilter: true)
      let one = try Fixtures.object(asked.answer(.filter, body))
      let kept = try #require(all["NodeNames"] as? [String])
      let node = try #require(one["NodeNames"] as? [String])
      #expect(one["FailedNodes"] as? [String: String] == all["FailedNodes"] as? [String: String])
      #expect(node.count == min(1, kept.count) && Set(node).isSubset(of: kept))
      guard kept.count > 1 else { continue }
      chosen += 1
      // The nodes of the list are numbered in its order, and the last is liked best.
      let list = try #require(
        Fixtures.object(Fixtures.bytes(nodes))["items"] as? [[String: Any]])
      let order = list.compactMap { ($0["metadata"] as? [String: Any])?["name"] as? String }
      #expect(node == [order.last { kept.contains($0) } ?? ""])
    }
    #expect(chosen > 5)
  }

  @Test func prioritizeScoresEveryNodeFromZeroToTen() throws {
    for path in Fixtures.requests("prioritize") {
      let body = Fixtures.bytes(path)
      let arguments = try ExtenderArguments(body)
      let bytes = try service(nodesOf: path).answer(.prioritize, body)
      let list = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [[String: Any]])
      #expect(list.map { $0["Host"] as? String } == arguments.nodeNames)
      #expect(list.allSatisfy { (0...10).contains($0["Score"] as? Int ?? -1) })
    }
  }

  @Test func preemptKeepsVictims() throws {
    for path in Fixtures.requests("preempt") {
      let body = Fixtures.bytes(path)
      let recorded = try Fixtures.object(
        Fixtures.bytes(path.replacing("request.json", with: "response.json")))
      let answer = try Fixtures.object(service(nodesOf: path).answer(.preempt, body))
      #expect(answer as NSDictionary == recorded as NSDictionary)
    }
  }

  @Test func lowerCaseKeysMeanTheSame() throws {
    let path = try #require(Fixtures.requests("filter").first { $0.contains("true-3nodes") })
    let text = String(decoding: Fixtures.bytes(path), as: UTF8.self)
    let lower = text.replacing("\"Pod\":", with: "\"pod\":").replacing(
      "\"NodeNames\":", with: "\"nodenames\":"
    )
    .replacing("\"Nodes\":", with: "\"nodes\":")
    #expect(lower != text)
    let service = try service(nodesOf: path)
    let answers = try [lower, text].map { try service.answer(.filter, Array($0.utf8)) }
    #expect(answers[0] == answers[1])
  }

  @Test func mutatedBodiesAreRefusedOrAnswered() throws {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for (index, path) in Fixtures.requests("filter").enumerated() where !path.contains("100nodes") {
      let body = Fixtures.bytes(path)
      let service = try service(nodesOf: path)
      for _ in 0..<40 {
        var mutant = body
        for _ in 0...next(4) {
          switch next(4) {
          case 0: mutant[next(mutant.count)] = UInt8(next(256))
          case 1: mutant.removeSubrange(next(mutant.count)...)
          case 2:
            mutant.insert(
              contentsOf: Array(#"[{"9999999999999999999":"#.utf8), at: next(mutant.count))
          default: mutant.remove(at: next(mutant.count))
          }
          if mutant.isEmpty { mutant = [0x7b] }
        }
        for verb in ExtenderService.Verb.allCases {
          do {
            let answer = try service.answer(verb, mutant)
            #expect((try? JSONSerialization.jsonObject(with: Data(answer))) != nil, "\(index)")
          } catch {
            #expect(!error.description.contains("\n"))
          }
        }
      }
    }
  }
}

@Suite struct EnvelopeTests {
  @Test(arguments: [
    "", "{", "[]", "{}", "null", "{\"Pod\":null,\"NodeNames\":[]}", "{\"Pod\":{},\"NodeNames\":[]}",
    "{\"Pod\":{\"metadata\":{\"name\":\"x\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"much\"}}}]}},\"NodeNames\":[]}",
    "{\"NodeNames\":[1]}", String(repeating: "[", count: 100_000), "{\"Pod\":\"\u{0}\"",
    "{\"Nodes\":{\"items\":[{}]}}",
  ])
  func whatIsNoCallIsRefusedInOneLine(body: String) {
    #expect(throws: ExtenderArguments.Refusal.self) { try ExtenderArguments(Array(body.utf8)) }
  }
}
