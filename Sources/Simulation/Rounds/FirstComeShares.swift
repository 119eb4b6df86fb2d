/// First come, first served: who is served keeps a GPU of the first type that had room until the end; or, where
/// throughputs are known, has the fastest with room, chosen anew each time.
struct FirstComeShares: RoundPolicy {
  private let knowsThroughputs: Bool
  /// The type of each job that is served.
  private var types: [Int: Int] = [:]

  init(knowsThroughputs: Bool = false) { self.knowsThroughputs = knowsThroughputs }

  var name: String { knowsThroughputs ? "fifo-aware" : "fifo" }
  var drawsOrder: Bool { false }
  var waitsForShare: Bool { true }

  mutating func shares(_ scene: RoundScene) -> [[Double]] {
    var free = scene.gpus
    var served: [Int: Int] = [:]
    if !knowsThroughputs {
      for task in scene.tasks {
        guard let type = types[task.job] else { continue }
        served[task.job] = type
        free[type] -= 1
      }
    }
    for task in scene.tasks where served[task.job] == nil {
      let speeds = scene.throughputs[task.kind]
      let open = free.indices.filter { free[$0] > 0 && speeds[$0] > 0 }
      guard !open.isEmpty else { break }
      let type = knowsThroughputs ? open.max { speeds[$0] < speeds[$1] } ?? open[0] : open[0]
      served[task.job] = type
      free[type] -= 1
    }
    types = served
    return scene.tasks.map { task in
      scene.gpus.indices.map { served[task.job] == $0 ? 1 : 0 }
    }
  }
}
