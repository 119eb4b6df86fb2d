import Experiments
import Foundation
import Generation
import Simulation
import Workload

extension ExperimentProvider {
  /// Everything about workloads and clusters that can be seen to be wrong before anything is run.
  public func problems(_ definition: ExperimentDefinition) -> [String] {
    var problems: [String] = []
    // Of what axes made of one part of a file, no place there tells which.
    func place(_ parts: String, _ index: Int, _ name: String) -> String {
      definition.varied == nil ? "\(parts)[\(index)]" : "\(parts.dropLast()) '\(name)'"
    }
    // Some machines, where those of the experiment are wrong themselves.
    let machines =
      definition.clusters.first.flatMap { try? layout($0, seed: 1) }
      ?? (try? ClusterLayout(.studyTiers(machines: 10), seed: 1))
    guard let machines else { return ["clusters[0]: cannot be made"] }
    for (index, workload) in definition.workloads.enumerated() {
      let place = place("workloads", index, workload.name)
      if isGenerated(workload.source) {
        do { _ = try tasks(workload, on: machines, seed: 1) } catch {
          problems += RunError.lines(of: error, in: place)
        }
      } else if let problem = problem(
        workload.source, drawn: ["poisson"] + WorkloadModel.presetNames)
      {
        problems.append("\(place): unknown workload \(problem)")
      }
      if let priority = workload.priority, PrioritySelection(priority) == nil {
        problems.append("\(place).priority: '\(priority)' is no list of priorities")
      }
      for choice in workload.select ?? [] where ColumnSelection(choice) == nil {
        problems.append(
          "\(place).select: '\(choice)' is no choice; expected COLUMN=VALUE,VALUE")
      }
    }
    problems += unknownClasses(definition)
    for (index, cluster) in definition.clusters.enumerated() {
      let place = place("clusters", index, cluster.name)
      let isDrawn =
        cluster.groups != nil
        || ["study:", "tiers:", "mmc:"].contains(where: cluster.source.hasPrefix)
      if !isDrawn, let problem = problem(cluster.source, drawn: ["study", "tiers"]) {
        problems.append("\(place): unknown cluster \(problem)")
      } else {
        do { _ = try layout(cluster, seed: cluster.seed ?? 1) } catch {
          problems += RunError.lines(of: error, in: place)
        }
      }
    }
    for (index, scheduler) in definition.schedulers.enumerated() {
      let place = place("schedulers", index, scheduler.name)
      do {
        let policy = try policy(scheduler)
        if policy.followsRecord,
          let scaled = definition.workloads.first(where: {
            ($0.scaleArrivals ?? 1) != 1 || ($0.scaleRunTimes ?? 1) != 1
          })
        {
          problems.append(
            "\(place): \(policy.name) replays what happened, and workload '\(scaled.name)' "
              + "is scaled")
        }
        _ = try learningCurve(scheduler)
      } catch { problems += RunError.lines(of: error, in: place) }
    }
    return problems
  }

  /// Metrics of classes that no workload can have.
  private func unknownClasses(_ definition: ExperimentDefinition) -> [String] {
    let named = definition.metrics.enumerated().compactMap { index, name in
      Metric(name)?.priorityClass.map { (index, $0) }
    }
    guard !named.isEmpty else { return [] }
    let own = definition.workloads.flatMap { workload -> [String] in
      guard isGenerated(workload.source), !workload.source.hasPrefix("poisson:"),
        !ClusterFill.isOne(workload.source),
        let model = try? NamedModel(path(workload.source)).scenario.model, model.hasOwnClasses
      else { return [] }
      return model.classes.map(\.name)
    }
    let known = PriorityClass.allCases.map(\.name) + own
    return named.compactMap { index, kind in
      known.contains(kind)
        ? nil : "metrics[\(index)]: " + unknownName("class", kind, among: known)
    }
  }

  /// Why a source is no file; nil if it is one.
  ///
  /// - Parameters:
  ///   - source: what the experiment says.
  ///   - drawn: what there is besides files, by the words before the colon.
  private func problem(_ source: String, drawn: [String]) -> String? {
    if source == "-" { return "'-': standard input cannot be read again for every cell" }
    let path = path(source)
    if FileManager.default.fileExists(atPath: path) { return nil }
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
    let beside = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
    let near =
      suggestionText(
        URL(fileURLWithPath: path).lastPathComponent, among: beside.sorted()
      )
      ?? suggestionText(String(source.prefix { $0 != ":" }), among: drawn)
    return "'\(source)': no such file, nor one of \(drawn.joined(separator: ", "))" + (near ?? "")
  }
}
