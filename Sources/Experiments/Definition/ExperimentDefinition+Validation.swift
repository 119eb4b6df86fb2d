import Configuration
import Simulation
import Workload

// What is asked of a definition wherever it comes from. A file is checked while it is read, with the
// place of every mistake; one that was stored, or put together on the command line, is checked here.
extension ExperimentDefinition {
  /// Everything that is wrong with it; empty if nothing is. O(cells' names and seeds).
  public func issues() -> [DescriptionIssue] {
    var notes = Notes()
    notes.names(workloads.map(\.name), "workloads")
    notes.names(clusters.map(\.name), "clusters")
    notes.names(schedulers.map(\.name), "schedulers")
    for (index, workload) in workloads.enumerated() {
      workload.check(&notes, "workloads[\(index)]")
    }
    for (index, cluster) in clusters.enumerated() { cluster.check(&notes, "clusters[\(index)]") }
    notes.require(axes == nil, "axes", "are not multiplied out")
    // What stands for several has to mean something to one of them. Clusters and schedulers that axes made differ in
    // little: each of their settings is looked at once.
    let (places, ways) = (
      clusters.isEmpty ? [EngineSettings()] : Array(Set(clusters.map { $0.engine ?? .init() })),
      schedulers.isEmpty ? [EngineSettings()] : Array(Set(schedulers.map(\.engine)))
    )
    func wholes(_ places: [EngineSettings], _ ways: [EngineSettings]) -> [EngineSettings] {
      places.flatMap { place in
        ways.map { engine.overridden(by: place).overridden(by: $0) }
      }
    }
    for (index, scheduler) in schedulers.enumerated() where scheduler.engine != .init() {
      scheduler.engine.check(
        &notes, "schedulers[\(index)].engine", in: wholes(places, [scheduler.engine]))
    }
    for (index, cluster) in clusters.enumerated() {
      guard let own = cluster.engine, own != .init() else { continue }
      own.check(&notes, "clusters[\(index)].engine", in: wholes([own], ways))
    }
    engine.check(&notes, "engine", in: wholes(places, ways))
    notes.require(!seeds.isEmpty, "seeds", "are none")
    notes.require(Set(seeds).count == seeds.count, "seeds", "have one twice")
    notes.require(seeds.allSatisfy { $0 <= Self.seedLimit }, "seeds", "go beyond \(Self.seedLimit)")
    for (index, workload) in workloads.enumerated() {
      // The same sequence under two seeds would count as two observations.
      guard let starts = workload.starts, !starts.isEmpty else { continue }
      notes.require(
        seeds.allSatisfy { $0 >= 1 && $0 <= starts.count }, "workloads[\(index)].starts",
        "has \(starts.count) sequences: seeds are from 1 to \(starts.count)")
    }
    let count = workloads.count * clusters.count * schedulers.count
    notes.require(
      count == 0 || seeds.count <= Self.cellLimit / count, "seeds",
      "ask for more than \(Self.cellLimit) cells")
    if let baseline {
      notes.require(
        schedulers.contains { $0.name == baseline }, "baseline", "'\(baseline)' is no scheduler")
    }
    notes.number(level, 0.5...0.9999, "level")
    notes.number(precision, Double.leastNonzeroMagnitude...10, "precision")
    notes.integer(lastSeeds, 1...1_000_000, "lastSeeds")
    return notes.issues
  }

  /// The greatest seed: what a file's numbers hold exactly.
  public static var seedLimit: UInt64 { 9_000_000_000_000_000 }
}

/// Collects issues.
private struct Notes {
  var issues: [DescriptionIssue] = []

  mutating func require(_ holds: Bool, _ path: String, _ message: @autoclosure () -> String) {
    if !holds { issues.append(DescriptionIssue(path: path, message: message())) }
  }

  mutating func number(_ value: Double?, _ range: ClosedRange<Double>, _ path: String) {
    guard let value else { return }
    require(
      range.contains(value), path,
      "is \(value); expected \(range.lowerBound) to \(range.upperBound)")
  }

  mutating func integer(_ value: Int?, _ range: ClosedRange<Int>, _ path: String) {
    guard let value else { return }
    require(
      range.contains(value), path,
      "is \(value); expected \(range.lowerBound) to \(range.upperBound)")
  }

  mutating func names(_ names: [String], _ path: String) {
    require(!names.isEmpty, path, "are none")
    require(Set(names).count == names.count, path, "have one name twice")
    for (index, name) in names.enumerated() {
      require(!name.isEmpty, "\(path)[\(index)].name", "is empty")
      // SQLite's texts end there.
      require(!name.utf8.contains(0), "\(path)[\(index)].name", "has the character NUL")
    }
  }
}

extension WorkloadDefinition {
  fileprivate func check(_ notes: inout Notes, _ path: String) {
    notes.number(from, Ranges.seconds, "\(path).from")
    notes.number(to, Ranges.seconds, "\(path).to")
    if let from, let to { notes.require(from < to, path, "begins (from) after its end (to)") }
    notes.number(sample, 0...1, "\(path).sample")
    notes.integer(tasks, 1...Int(Int32.max), "\(path).tasks")
    if let starts {
      notes.require(tasks != nil, "\(path).starts", "needs tasks: how many each sequence has")
      notes.require(!starts.isEmpty, "\(path).starts", "has no start")
      for (index, start) in starts.enumerated() {
        notes.integer(start, 0...Int(Int32.max), "\(path).starts[\(index)]")
      }
    }
    notes.number(scaleArrivals, Ranges.factor, "\(path).scaleArrivals")
    notes.number(scaleRunTimes, Ranges.factor, "\(path).scaleRunTimes")
  }
}

extension ClusterDefinition {
  fileprivate func check(_ notes: inout Notes, _ path: String) {
    if let seed {
      notes.require(seed <= ExperimentDefinition.seedLimit, "\(path).seed", "is out of range")
    }
    guard let groups else { return }
    notes.issues += ClusterSpec(groups: groups).issues().map {
      DescriptionIssue(path: "\(path).\($0.path)", message: $0.message)
    }
  }
}

extension EngineSettings {
  /// Notes what is wrong, and what means nothing in any of the engines that it is a part of.
  fileprivate func check(_ notes: inout Notes, _ path: String, in wholes: [EngineSettings]) {
    let idle = wholes.dropFirst().reduce(wholes.first.map(idle(in:)) ?? []) { issues, whole in
      let there = Set(self.idle(in: whole).map(\.path))
      return issues.filter { there.contains($0.path) }
    }
    notes.issues += (issues + idle).map {
      DescriptionIssue(path: "\(path).\($0.path)", message: $0.message)
    }
  }
}
