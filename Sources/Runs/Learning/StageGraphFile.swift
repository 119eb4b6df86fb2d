import Diagnostics
import Simulation
import TraceInput

/// Graphs of stages in a JSON file, which may be compressed; docs/learning/stages.md has the format.
public struct StageGraphFile: Sendable {
  /// The graphs, in the order of the file.
  public let graphs: [StageGraph]

  /// The most graphs of a file.
  public static let mostGraphs = 100_000

  /// Reads the file.
  ///
  /// - Throws: ``RunError`` with file, line and column of what is wrong.
  public init(path: String) throws {
    do {
      var cursor = try JSONCursor(path: path)
      graphs = try Self.graphs(&cursor)
    } catch {
      throw RunError(error)
    }
  }

  /// The same of a text; `file` is what errors call it.
  init(text: String, file: String) throws(TraceError) {
    var cursor = JSONCursor(Array(text.utf8), file: file)
    graphs = try Self.graphs(&cursor)
  }

  private static func graphs(_ cursor: inout JSONCursor) throws(TraceError) -> [StageGraph] {
    var graphs: [StageGraph] = []
    try cursor.object { (cursor, name, place) throws(TraceError) in
      guard graphs.count < mostGraphs else {
        throw cursor.error("there are more than \(mostGraphs) graphs", at: place)
      }
      graphs.append(try graph(name, place, &cursor))
    }
    try cursor.end()
    guard !graphs.isEmpty else { throw cursor.error("there are no graphs", at: 0) }
    return graphs
  }

  private static func graph(
    _ name: String, _ start: Int, _ cursor: inout JSONCursor
  ) throws(TraceError) -> StageGraph {
    var (edges, edgePlaces): ([(parent: Int, child: Int)], [Int]) = ([], [])
    var (stages, stagePlaces): ([StageGraph.Stage], [Int]) = ([], [])
    try cursor.object { (cursor, key, place) throws(TraceError) in
      switch key {
      case "edges":
        try cursor.list { (cursor, place) throws(TraceError) in
          var ends: [Int] = []
          try cursor.list { (cursor, place) throws(TraceError) in
            guard ends.count < 2 else {
              throw cursor.error("an edge is [parent, child]", at: place)
            }
            ends.append(try cursor.integer(in: 0...StageGraph.mostStages - 1))
          }
          guard ends.count == 2 else { throw cursor.error("an edge is [parent, child]", at: place) }
          edges.append((ends[0], ends[1]))
          edgePlaces.append(place)
        }
      case "stages":
        try cursor.list { (cursor, place) throws(TraceError) in
          guard stages.count < StageGraph.mostStages else {
            throw cursor.error("there are more than \(StageGraph.mostStages) stages", at: place)
          }
          stages.append(try stage(&cursor))
          stagePlaces.append(place)
        }
      default:
        throw cursor.error("unknown key '\(key)'; a graph has edges and stages", at: place)
      }
    }
    do throws(StageGraphError) {
      return try StageGraph(name: name, stages: stages, edges: edges)
    } catch {
      let place =
        switch error.place {
        case .graph: start
        case .stage(let number): stagePlaces[number]
        case .edge(let number): edgePlaces[number]
        }
      throw cursor.error("\(error)", at: place)
    }
  }

  private static func stage(_ cursor: inout JSONCursor) throws(TraceError) -> StageGraph.Stage {
    var tasks: Int?
    var waves: [String: [Int: [Int]]] = [:]
    try cursor.object { (cursor, key, place) throws(TraceError) in
      switch key {
      case "tasks": tasks = try cursor.integer(in: 1...StageGraph.mostTasks)
      case "fresh_durations", "first_wave", "rest_wave": waves[key] = try samples(&cursor)
      default:
        throw cursor.error(
          "unknown key '\(key)'; a stage has tasks, fresh_durations, first_wave and rest_wave",
          at: place)
      }
    }
    let points = Set(waves.values.flatMap(\.keys)).sorted().map { count in
      StageGraph.Point(
        executors: count, fresh: waves["fresh_durations"]?[count] ?? [],
        first: waves["first_wave"]?[count] ?? [], rest: waves["rest_wave"]?[count] ?? [])
    }
    return StageGraph.Stage(tasks: tasks, points: points)
  }

  /// Task times by number of executors.
  private static func samples(_ cursor: inout JSONCursor) throws(TraceError) -> [Int: [Int]] {
    var samples: [Int: [Int]] = [:]
    try cursor.object { (cursor, key, place) throws(TraceError) in
      guard let count = Int(key), (1...StageGraph.mostExecutors).contains(count),
        "\(count)" == key
      else {
        throw cursor.error(
          "'\(key)' is no number of executors from 1 to \(StageGraph.mostExecutors)", at: place)
      }
      var times: [Int] = []
      try cursor.list { (cursor, _) throws(TraceError) in
        times.append(try cursor.integer(in: 1...StageGraph.mostMilliseconds))
      }
      samples[count] = times
    }
    return samples
  }
}
