import Configuration
import Simulation
import Workload

/// Which jobs of stages come when: written down, or drawn from a seed.
public struct StageArrivals: Sendable {
  /// What a file says.
  struct Parts {
    var listed: [(at: Int, graph: String)] = []
    var count = 0
    /// Mean milliseconds between two.
    var interval = 0.0
    var isDecimas = false

    init() {}

    /// Reads `jobs` or `arrivals`.
    init(_ root: ConfigurationNode) {
      if (root["jobs"] == nil) == (root["arrivals"] == nil) {
        root.problem("needs jobs or arrivals, and not both")
      }
      for node in root.list("jobs") ?? [] {
        let at = Int(
          ((node.number("at", in: .from(0, to: 1e9), required: true) ?? 0) * 1000).rounded())
        if at < listed.last?.at ?? 0 { node.problem(at: "at", "is before that of the job above") }
        listed.append((at, node.string("graph", required: true) ?? ""))
      }
      if root["jobs"] != nil, listed.isEmpty { root.problem(at: "jobs", "is empty") }
      guard let node = root.object("arrivals") else { return }
      count = node.integer("jobs", in: 1...10_000_000, required: true) ?? 1
      interval = 1000 * (node.number("interval", in: .from(0, to: 1e6), required: true) ?? 0)
      isDecimas = node.choice("draw", of: ["uniform", "decima"]) == "decima"
    }
  }

  /// How many jobs come.
  public let count: Int
  private let listed: [StageJob]
  private let graphs: Int
  private let interval: Double
  /// Sizes and queries of graphs that are drawn as decima-sim does; nil where they are not.
  private let grid: (sizes: Int, queries: Int)?

  init(_ parts: Parts, graphs: [String], path: String) throws {
    let places = Dictionary(uniqueKeysWithValues: graphs.enumerated().map { ($1, $0) })
    listed = try parts.listed.map { at, graph in
      guard let place = places[graph] else {
        throw RunError(message: "\(path): jobs: " + unknownName("graph", graph, among: graphs))
      }
      return StageJob(arrival: at, graph: place)
    }
    count = parts.listed.isEmpty ? parts.count : listed.count
    self.graphs = graphs.count
    interval = parts.interval
    grid = parts.isDecimas ? try Self.grid(graphs, path: path) : nil
  }

  /// Names SIZE-QUERY in the file's order: of each size the queries from 1.
  private static func grid(_ graphs: [String], path: String) throws -> (sizes: Int, queries: Int) {
    var sizes: [Substring] = []
    for graph in graphs {
      let size = graph.prefix { $0 != "-" }
      if sizes.last != size { sizes.append(size) }
    }
    let queries = graphs.count / max(sizes.count, 1)
    let expected = sizes.flatMap { size in (1...max(queries, 1)).map { "\(size)-\($0)" } }
    guard expected == graphs else {
      let wrong = zip(expected, graphs).first { $0 != $1 }
      throw RunError(
        message:
          "\(path): draw: decima is for graphs that are called SIZE-1, SIZE-2, … of each size, "
          + "as many of each; there is '\(wrong?.1 ?? graphs.last ?? "")'")
    }
    return (sizes.count, queries)
  }

  /// The jobs of a seed, by arrival; the first comes at 0. The same for any seed where they are written down.
  ///
  /// - Parameters:
  ///   - seed: what they are drawn from.
  ///   - count: how many; nil for ``count``. Fewer are the first of more.
  public func jobs(seed: UInt32, count: Int? = nil) -> [StageJob] {
    let count = count ?? self.count
    if !listed.isEmpty { return Array(listed.prefix(count)) }
    guard let grid else {
      var random = RandomStream(seed: UInt64(seed), name: "stages.arrivals")
      var time = 0.0
      return (0..<count).map { number in
        if number > 0 { time += random.exponential(mean: interval) }
        return StageJob(arrival: Int(time), graph: random.below(graphs))
      }
    }
    // The order of draws is decima-sim's: query and size of the first job, then gap, size and query.
    var random = MersenneTwister(seed: seed)
    let query = random.below(grid.queries)
    var jobs = [StageJob(arrival: 0, graph: random.below(grid.sizes) * grid.queries + query)]
    var time = 0
    for _ in 1..<max(count, 1) {
      time += Int(random.exponential(mean: interval))
      let size = random.below(grid.sizes)
      jobs.append(
        StageJob(arrival: time, graph: size * grid.queries + random.below(grid.queries)))
    }
    return jobs
  }
}
