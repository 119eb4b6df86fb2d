import Foundation
import Simulation

extension ExperimentSummary {
  /// What was run, name by name, in words: the same in the page, the tables and `results.json`.
  public var whatWasRun: [(String, String)] {
    let definition = results.definition
    let counts = results.counts
    var done = "\(counts.done) of \(counts.total)"
    if counts.failed > 0 { done += ", \(counts.failed) failed" }
    var facts = definition.workloads.map { ("Workload \($0.name)", Self.words($0)) }
    facts += definition.clusters.map { ("Cluster \($0.name)", Self.words($0)) }
    facts += definition.schedulers.map { scheduler in
      let settings = definition.engine(of: scheduler)
      var words = "\(scheduler.policy); \(settings.words)"
      for more in [scheduler.note, scheduler.warning] {
        if let more { words += "; \(more)" }
      }
      return ("Scheduler \(scheduler.name)", words)
    }
    facts += (definition.varied?.keys ?? []).map { key in
      ("Axis \(key)", definition.settings(key).joined(separator: ", "))
    }
    let product =
      definition.workloads.count * definition.clusters.count * definition.schedulers.count
    let run = definition.varied == nil ? product : definition.combinations.count
    if run < product {
      facts.append(
        ("Combinations", "\(run) of \(product): axes that go together, and what is left out"))
    }
    facts += [
      ("Seeds", Self.seeds(definition.seeds)), ("Compared with", definition.baselineName),
      ("Intervals and tests at", Self.percent(definition.level)), ("Runs finished", done),
    ]
    return facts
  }

  private static func words(_ workload: WorkloadDefinition) -> String {
    var parts = [workload.source]
    if let from = workload.from { parts.append("from \(Figures.readable(from, unit: "s"))") }
    if let to = workload.to { parts.append("to \(Figures.readable(to, unit: "s"))") }
    if let priority = workload.priority { parts.append("priority \(priority)") }
    if let select = workload.select { parts.append("select \(select.joined(separator: " "))") }
    if let sample = workload.sample { parts.append("a sample of \(percent(sample))") }
    if let tasks = workload.tasks { parts.append("at most \(tasks) tasks") }
    if let factor = workload.scaleArrivals {
      parts.append("arrivals × \(String(format: "%g", factor))")
    }
    if let factor = workload.scaleRunTimes {
      parts.append("run times × \(String(format: "%g", factor))")
    }
    return parts.joined(separator: ", ")
  }

  private static func words(_ cluster: ClusterDefinition) -> String {
    let engine = cluster.engine.map { "; \($0.words)" } ?? ""
    guard let groups = cluster.groups else { return cluster.source + engine }
    func range(_ range: ValueRange) -> String {
      let ends = [range.low, range.high].map { String(format: "%g", $0) }
      return ends[0] == ends[1] ? ends[0] : "\(ends[0])-\(ends[1])"
    }
    return groups.map { group in
      "\(group.count) × \(range(group.cores)) core\(range(group.cores) == "1" ? "" : "s")"
        + (group.memoryGiB.map { ", \(range($0)) GiB" } ?? "")
    }.joined(separator: "; ") + engine
  }

  private static func seeds(_ seeds: [UInt64]) -> String {
    guard let first = seeds.first, let last = seeds.last else { return "none" }
    let isRun = zip(seeds, seeds.dropFirst()).allSatisfy { $0 + 1 == $1 }
    return isRun && seeds.count > 2
      ? "\(seeds.count): \(first) to \(last)" : seeds.map(String.init).joined(separator: ", ")
  }
}

extension [String] {
  /// Each once, in the order of their first.
  var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
