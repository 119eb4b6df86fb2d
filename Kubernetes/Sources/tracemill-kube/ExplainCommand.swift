import ArgumentParser
import Foundation
import KubeObjects
import KubeRules
import Runs

/// `tracemill-kube explain`: where kube-scheduler's rules, as the simulator has them, would have put pods that
/// a real one has placed.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Compare a real scheduler's placements with the simulator's rules, plugin by plugin.",
    discussion: """
      NODES and PODS are `kubectl get … -o json`; ORDER has a pod's name a line, in the order in which they were \
      bound. Before each pod the nodes hold what the real scheduler had put on them, so that one difference is one \
      difference.
      """)

  @Option(help: "A KubeSchedulerConfiguration.") var configuration: String
  @Option(help: "Nodes, JSON.") var nodes: String
  @Option(help: "Pods, JSON.") var pods: String
  @Option(help: "Names of pods, a line each.") var order: String

  private struct List<Item: Decodable>: Decodable { var items: [Item] }

  private func read<T: Decodable>(_ path: String) throws -> T {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValidationError("\(path): cannot be read")
    }
    do { return try JSONDecoder().decode(T.self, from: data) } catch {
      throw ValidationError("\(path): \(error)")
    }
  }

  func run() async throws {
    let plugins = try NamedScheduler.kubernetesPlugins(configuration)
    let nodes: List<Node> = try read(nodes)
    let pods: List<Pod> = try read(pods)
    guard let text = try? String(contentsOfFile: order, encoding: .utf8) else {
      throw ValidationError("\(order): cannot be read")
    }
    let known = Dictionary(pods.items.map { ($0.metadata.name, $0) }) { $1 }
    var view = ClusterView()
    for node in nodes.items { view.show(node) }
    var (best, tied, differs, infeasible) = (0, 0, 0, 0)
    for name in text.split(separator: "\n").map(String.init) {
      guard let pod = known[name], let place = pod.spec.nodeName,
        let number = view.number(place)
      else { throw ValidationError("\(order): '\(name)' is no pod on a node of \(self.nodes)") }
      view.tidy()
      let shape = view.number(of: PodShape(pod))
      let rules = PodRules(shape, on: view)
      let feasible = view.nodes.indices.filter { rules.reason($0, on: view) == nil }
      let scores = plugins.scores(shape, nodes: feasible, on: view)
      let top = scores.totals.max() ?? 0
      let ties = feasible.indices.filter { scores.totals[$0] == top }
      if let index = feasible.firstIndex(of: number) {
        if scores.totals[index] == top {
          if ties.count == 1 { best += 1 } else { tied += 1 }
        } else {
          differs += 1
          let other = ties[0]
          let parts = ScorePlugins.Plugin.allCases.compactMap { plugin -> String? in
            guard let part = scores.parts[plugin], part[index] != part[other] else { return nil }
            return "\(plugin.rawValue) \(part[index]) and \(part[other])"
          }
          print(
            "\(name): on \(place) with \(scores.totals[index]), here \(view.nodes[feasible[other]].node.name) "
              + "with \(top): \(parts.joined(separator: ", "))")
        }
      } else {
        infeasible += 1
        print("\(name): on \(place), where it may not be: \(rules.reason(number, on: view) ?? "")")
      }
      view.show(pod)
    }
    print("the one best node   \(best)")
    print("one of several best \(tied)")
    print("another node        \(differs)")
    print("a forbidden node    \(infeasible)")
    if differs + infeasible > 0 { throw ExitCode.failure }
  }
}
