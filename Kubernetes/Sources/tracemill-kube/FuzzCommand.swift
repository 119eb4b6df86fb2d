import ArgumentParser
import Foundation
import KubeExtender
import KubeObjects
import KubeRules

/// `tracemill-kube fuzz`: mutations of recorded requests, answered or refused.
struct FuzzCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract:
      "Answer mutations of recorded requests; every answer has to be JSON, every refusal a line.",
    shouldDisplay: false)

  @Argument(help: "A folder with files *.request.json.") var folder: String
  @Option(help: "Mutations.") var count = 1_000_000
  @Option(help: "Seeds what is drawn.") var seed: UInt64 = 1

  func run() async throws {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let bodies = names.filter { $0.hasSuffix(".request.json") }.sorted()
      .compactMap { FileManager.default.contents(atPath: folder + "/" + $0).map(Array.init) }
      .filter { $0.count < 200_000 && !$0.isEmpty }
    guard !bodies.isEmpty else { throw ValidationError("\(folder): no *.request.json here") }
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "null", "-1", "1e999", "9999999999999999999999",
      "\\ud800",
      "\"cpu\":\"8Ei\"", "\"cpu\":\"-5\"", "\u{0}", "{\"metadata\":{\"name\":\"x\"}}", "true",
    ].map { Array($0.utf8) }
    let services = try [false, true].map { isStateless in
      var settings = ExtenderService.Settings()
      settings.isStateless = isStateless
      let service = ExtenderService(
        scorer: try PolicyScorer("best-fit", seed: seed), metrics: Metrics(), settings: settings)
      service.update(nodes: { view in
        for index in 0..<3 {
          view.show(
            Node(
              name: "node-00\([0, 4, 9][index])", labels: [:],
              allocatable: [
                "cpu": Quantity("32")!, "memory": Quantity("128Gi")!, "pods": Quantity("110")!,
              ],
              taints: [], isUnschedulable: false))
        }
      })
      service.update(pods: { _ in })
      return service
    }
    var (answered, refused) = (0, 0)
    for round in 0..<count {
      var body = bodies[next(bodies.count)]
      for _ in 0...next(4) where !body.isEmpty {
        switch next(5) {
        case 0: body[next(body.count)] = UInt8(next(256))
        case 1: body.remove(at: next(body.count))
        case 2 where next(8) == 0: body.removeSubrange(next(body.count)...)
        case 3:
          let start = next(body.count)
          body.removeSubrange(start..<min(start + next(60), body.count))
        default: body.insert(contentsOf: pieces[next(pieces.count)], at: next(body.count))
        }
      }
      let verb = ExtenderService.Verb.allCases[next(3)]
      do {
        let answer = try services[next(2)].answer(verb, body)
        _ = try JSONSlices(answer).root()
        answered += 1
      } catch let refusal as ExtenderArguments.Refusal {
        if refusal.description.contains("\n") {
          throw ValidationError("mutation \(round): a refusal of several lines: \(refusal)")
        }
        refused += 1
      } catch {
        throw ValidationError("mutation \(round): an answer that is no JSON: \(error)")
      }
    }
    print(
      "\(count) mutations of \(bodies.count) requests: \(answered) answered, \(refused) refused")
  }
}
