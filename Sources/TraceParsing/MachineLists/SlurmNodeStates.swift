import Workload

/// The states in which Slurm's nodes were when they were listed: which took no work, and why.
///
/// `scontrol` joins a state and its flags by `+` (`MIXED+DRAIN`), `sinfo` has one word (`drng`), and both put a sign
/// behind it. Source: the pages of scontrol(1) and sinfo(1), "NODE STATE CODES". A node whose power is saved (`~`,
/// POWERED_DOWN) takes work, as Slurm starts it then; UNKNOWN is what slurm.conf says of every node.
struct SlurmNodeStates {
  private var counts: [(state: String, count: Int)] = []
  private var future = 0
  private var unsaid = 0

  /// Counts a node; false of one that does not exist yet (FUTURE).
  mutating func add(_ text: String) -> Bool {
    if text.isEmpty { unsaid += 1 }
    guard let state = Self.absence(text) else { return true }
    if state == "future" {
      future += 1
      return false
    }
    if let place = counts.firstIndex(where: { $0.state == state }) {
      counts[place].count += 1
    } else {
      counts.append((state, 1))
    }
    return true
  }

  /// Why a node takes no work; nil where it does.
  static func absence(_ text: String) -> String? {
    let lower = text.lowercased()
    let words = lower.split(separator: "+").map { word in
      word.filter { $0.isLetter || $0 == "_" }
    }
    func has(_ names: String...) -> Bool { words.contains { names.contains($0) } }
    if has("future", "futr") { return "future" }
    if has("down") { return "down" }
    if has("fail", "failed", "failing", "failg") { return "failed" }
    if has("error", "err", "inval", "invalid", "invalid_reg") { return "invalid" }
    if has("draining", "drng") { return "draining" }
    if has("drain", "drained") {
      return has("allocated", "alloc", "mixed", "mix", "completing", "comp")
        ? "draining" : "drained"
    }
    if has("maint", "maintenance") || lower.contains("$") { return "in maintenance" }
    if has("not_responding", "no_respond") || lower.contains("*") { return "not responding" }
    return has("block", "blocked") ? "blocked" : nil
  }

  /// What is to be said.
  ///
  /// - Parameter machines: how many nodes count as machines.
  func notes(of machines: Int) -> [Note] {
    var notes: [Note] = []
    if !counts.isEmpty { notes.append(.idleMachines(counts, of: machines)) }
    if unsaid > 0 {
      notes.append(
        Note(
          .assumed, "state", ["machines": Double(unsaid)],
          "the list does not say whether nodes are up (\(unsaid) of \(machines)): they count as machines"
        ))
    }
    if future > 0 {
      notes.append(
        Note(
          .leftOut, "machines", ["machines": Double(future)],
          "nodes that do not exist yet (FUTURE) are no machines: \(future)"))
    }
    return notes
  }
}
