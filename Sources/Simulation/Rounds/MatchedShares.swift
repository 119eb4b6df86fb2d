/// The least sum of completion times of the jobs that are there, by a matching of jobs to positions in the order of
/// each GPU: the last but k of a GPU counts k + 1 times its run time (Horn, "Minimizing average flow time with
/// parallel machines", Operations Research 21, 1973).
///
/// AlloX (Le, Sun, Chowdhury and Liu, EuroSys 2020) does it for the jobs that wait and the GPUs that are free: who is
/// served keeps its type. Without keeping, all jobs and all GPUs are matched anew each time, by what is left to run.
struct MatchedShares: RoundPolicy {
  let keeps: Bool
  private var types: [Int: Int] = [:]

  init(keeps: Bool) { self.keeps = keeps }

  var name: String { keeps ? "allox" : "allox-preemptive" }
  var drawsOrder: Bool { false }

  mutating func shares(_ scene: RoundScene) -> [[Double]] {
    var free = scene.gpus
    var served: [Int: Int] = [:]
    if keeps {
      for task in scene.tasks {
        guard let type = types[task.job] else { continue }
        served[task.job] = type
        free[type] -= 1
      }
    }
    let waiting = scene.tasks.filter { served[$0.job] == nil }
    let open = free.reduce(0, +)
    if open > 0, !waiting.isEmpty {
      // A GPU is given at most twice as many as the mean, so that there are fewer slots.
      let levels = min(waiting.count, 2 * ((waiting.count + open - 1) / open))
      let slots = (1...levels).flatMap { level in
        free.indices.flatMap { type in
          Array(repeating: (level: level, type: type), count: free[type])
        }
      }
      let times = waiting.map { task in scene.gpus.indices.map { scene.seconds(task, on: $0) } }
      let matched = Assignment.least(rows: waiting.count, columns: slots.count) { row, column in
        let time = times[row][slots[column].type]
        return time.isFinite ? Double(slots[column].level) * time : 1e15
      }
      // Of a GPU's jobs the one of the highest level is first.
      var first: [Int: (level: Int, job: Int)] = [:]
      for (row, column) in matched.enumerated() {
        let (gpu, level, type) = (column % open, slots[column].level, slots[column].type)
        guard times[row][type].isFinite else { continue }
        if level > first[gpu]?.level ?? 0 { first[gpu] = (level, waiting[row].job) }
      }
      for gpu in 0..<open {
        if let job = first[gpu]?.job { served[job] = slots[gpu].type }
      }
    }
    types = served
    return scene.tasks.map { task in
      scene.gpus.indices.map { served[task.job] == $0 ? 1 : 0 }
    }
  }
}

/// Assignment of rows to different columns with the least sum of costs.
enum Assignment {
  /// The column of each row: the Hungarian method with shortest augmenting paths (Jonker and Volgenant, Computing 38,
  /// 1987). O(rows² × columns). There are at least as many columns as rows; costs are finite.
  static func least(rows: Int, columns: Int, cost: (_ row: Int, _ column: Int) -> Double) -> [Int] {
    precondition(rows <= columns, "each row has a column")
    // Column 0 and row 0 stand for none.
    var rowPrice = Array(repeating: 0.0, count: rows + 1)
    var columnPrice = Array(repeating: 0.0, count: columns + 1)
    var rowOf = Array(repeating: 0, count: columns + 1)
    var from = Array(repeating: 0, count: columns + 1)
    for row in 1...max(rows, 1) where row <= rows {
      rowOf[0] = row
      var column = 0
      var least = Array(repeating: Double.infinity, count: columns + 1)
      var isDone = Array(repeating: false, count: columns + 1)
      repeat {
        isDone[column] = true
        let current = rowOf[column]
        var (delta, nearest) = (Double.infinity, 0)
        for other in 1...columns where !isDone[other] {
          let reduced = cost(current - 1, other - 1) - rowPrice[current] - columnPrice[other]
          if reduced < least[other] { (least[other], from[other]) = (reduced, column) }
          if least[other] < delta { (delta, nearest) = (least[other], other) }
        }
        for other in 0...columns {
          if isDone[other] {
            rowPrice[rowOf[other]] += delta
            columnPrice[other] -= delta
          } else {
            least[other] -= delta
          }
        }
        column = nearest
      } while rowOf[column] != 0
      repeat {
        rowOf[column] = rowOf[from[column]]
        column = from[column]
      } while column != 0
    }
    var result = Array(repeating: 0, count: rows)
    for column in 1...columns where rowOf[column] > 0 { result[rowOf[column] - 1] = column - 1 }
    return result
  }
}
