import Experiments
import Foundation
import Workload

/// Waits and use as recorded and as replayed, for figures: what ``CalibrationStudy`` keeps of a replay.
public struct CalibrationTrace: Sendable {
  /// Waits in seconds of the tasks that recorded one, ascending.
  public var waits: [Double] = []
  /// Cores in use by these tasks, as changes at times in seconds.
  fileprivate var changes: [(time: Double, cores: Double)] = []

  mutating func add(start: Double, wait: Double, runTime: Double, cores: Double) {
    waits.append(wait)
    changes.append((start, cores))
    changes.append((start + runTime, -cores))
  }

  mutating func finish() {
    waits.sort()
    changes.sort { ($0.time, $0.cores) < ($1.time, $1.cores) }
  }

  /// Mean cores in each of `count` equal parts of the time from `from` to `to`.
  fileprivate func use(from: Double, to: Double, count: Int) -> [Double] {
    let width = (to - from) / Double(count)
    var parts = [Double](repeating: 0, count: count)
    var (cores, time) = (0.0, from)
    func spend(until end: Double) {
      var begin = time
      while begin < end {
        let place = min(count - 1, Int((begin - from) / width))
        let next = min(end, from + Double(place + 1) * width)
        parts[place] += cores * (max(next, begin) - begin) / width
        if next <= begin { break }
        begin = next
      }
    }
    for change in changes {
      let at = min(max(change.time, from), to)
      if at > time {
        spend(until: at)
        time = at
      }
      cores += change.cores
    }
    if time < to { spend(until: to) }
    return parts
  }
}

extension FitPlots {
  /// Writes `waits-calibrate` (share of waits at least as long) and `use-calibrate` (cores in use over
  /// time), of the trace and of replays under the nearest and the default settings.
  public func write(
    recorded: CalibrationTrace, nearest: CalibrationTrace, defaults: CalibrationTrace
  ) throws {
    let parts = [recorded, nearest, defaults]
    guard parts.allSatisfy({ !$0.waits.isEmpty }) else { return }
    let titles = ["recorded", "nearest settings", "default settings"]
    let colours = ["black", "red", "gray"]
    func lines(_ file: String) -> String {
      zip(titles, colours).enumerated().map { place, part in
        "\(place == 0 ? "'\(file).dat'" : "''") index \(place) using 1:2 with lines "
          + "lw \(place == 2 ? 1 : 2) lc '\(part.1)' title '\(part.0)'"
      }.joined(separator: ", \\\n  ")
    }
    var data = "# wait (s), share at least as long: recorded, nearest, defaults\n"
    for (place, part) in parts.enumerated() {
      if place > 0 { data += "\n\n" }
      let n = part.waits.count
      // The share falls evenly on its logarithmic axis.
      var last = -1
      for step in 0...400 {
        let rank = min(n - 1, Int(Double(n) * (1 - pow(1 / Double(n), Double(step) / 400))))
        guard rank > last else { continue }
        last = rank
        data += "\(max(part.waits[rank], 0.1)) \(Double(n - rank) / Double(n))\n"
      }
    }
    try plot(
      "waits-calibrate", data,
      """
      set logscale xy
      set xlabel 'wait (s), at least 0.1'
      set ylabel 'share of tasks that wait as long'
      set key bottom left
      plot \(lines("waits-calibrate"))
      """)
    let from = recorded.changes.first?.time ?? 0
    let to = recorded.changes.last?.time ?? 0
    guard to > from else { return }
    data = "# hours, cores in use: recorded, nearest, defaults\n"
    for (place, part) in parts.enumerated() {
      if place > 0 { data += "\n\n" }
      for (step, cores) in part.use(from: from, to: to, count: 600).enumerated() {
        data += "\((Double(step) + 0.5) / 600 * (to - from) / 3600) \(cores)\n"
      }
    }
    try plot(
      "use-calibrate", data,
      """
      set xlabel 'hours'
      set ylabel 'cores in use by tasks with a recorded wait'
      plot \(lines("use-calibrate"))
      """)
  }
}
