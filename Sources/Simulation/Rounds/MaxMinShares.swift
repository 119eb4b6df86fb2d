/// The same time for every job, on each type in proportion to its GPUs: least attained service in rounds (Tiresias,
/// NSDI 2019), max-min fairness that knows no throughputs.
struct EqualShares: RoundPolicy {
  var name: String { "las" }
  var drawsOrder: Bool { true }

  mutating func shares(_ scene: RoundScene) -> [[Double]] {
    let all = Double(scene.gpus.reduce(0, +))
    let each = min(1 / all, 1 / Double(max(scene.tasks.count, 1)))
    return scene.tasks.map { _ in scene.gpus.map { each * Double($0) } }
  }
}

/// Max-min fairness of throughput, each job's over what it would have with equal shares (Gavel's LAS): a linear
/// program. Jobs of one kind have the same shares. What is left over goes to the greatest sum of these ratios.
struct MaxMinShares: RoundPolicy {
  var name: String { "las-aware" }
  var drawsOrder: Bool { false }
  /// What the sum of the ratios counts beside the least of them.
  private static let sumWeight = 1e-3

  mutating func shares(_ scene: RoundScene) -> [[Double]] {
    var counts: [Int: Int] = [:]
    for task in scene.tasks { counts[task.kind, default: 0] += 1 }
    let kinds = counts.keys.sorted()
    let types = scene.gpus.indices
    let all = Double(scene.gpus.reduce(0, +))
    // The speed on each type over the mean speed of all GPUs.
    let ratios = kinds.map { kind in
      let speeds = scene.throughputs[kind]
      let mean = types.reduce(0.0) { $0 + speeds[$1] * Double(scene.gpus[$1]) } / all
      return speeds.map { mean > 0 ? $0 / mean : 0 }
    }
    // Variables: time of each kind on each type, and the least ratio.
    let columns = kinds.count * types.count
    var program = LinearProgram(variables: columns + 1)
    for (row, kind) in kinds.enumerated() {
      let count = Double(counts[kind] ?? 0)
      var least = Array(repeating: 0.0, count: columns + 1)
      var whole = least
      for type in types {
        whole[row * types.count + type] = 1
        least[row * types.count + type] = -ratios[row][type]
        program.objective[row * types.count + type] =
          Self.sumWeight * ratios[row][type] / Double(scene.tasks.count)
      }
      least[columns] = count
      program.add(whole, atMost: count)
      program.add(least, atMost: 0)
    }
    for type in types {
      var row = Array(repeating: 0.0, count: columns + 1)
      for kind in kinds.indices { row[kind * types.count + type] = 1 }
      program.add(row, atMost: Double(scene.gpus[type]))
    }
    program.objective[columns] = 1
    let solution = program.solve()
    let rows = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, $0) })
    return scene.tasks.map { task in
      let row = rows[task.kind] ?? 0
      return types.map {
        max(solution[row * types.count + $0], 0) / Double(counts[task.kind] ?? 1)
      }
    }
  }
}
