import Experiments

extension RunProgress {
  /// `12 of 40 cells done, 2 running, 1m 20s left`.
  package var text: String {
    var line = "\(grouped(counts.done)) of \(grouped(counts.total)) cells done"
    if counts.running > 0 { line += ", \(counts.running) running" }
    if counts.failed > 0 { line += ", \(counts.failed) failed" }
    if let left, counts.done < counts.total { line += ", \(clock(left)) left" }
    return line
  }

  /// The share that is done, as a bar.
  package var bar: String {
    let filled = Int(Double(counts.done) / Double(max(1, counts.total)) * 24)
    return "[" + String(repeating: "=", count: filled)
      + String(repeating: " ", count: 24 - filled) + "]"
  }
}
