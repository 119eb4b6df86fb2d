import Workload

// When running tasks should end, for backfilling.
extension Engine {
  /// A running instance is to be reckoned with until `end`.
  mutating func foresee(_ index: Int32, until end: Int64) {
    // One that takes no time holds its place for a moment.
    slots[index].plannedEnd = keepsPlan ? max(end, cluster.now.rawValue + 1) : end
    noteEnd(index)
    if keepsPlan { takePlanned(index) }
  }

  /// The instances of a gang are, until the last of them should end.
  mutating func foreseeGang(_ index: Int32) {
    var end = Int64.min
    var member = index
    while member >= 0 {
      end = max(end, slots[member].expectedEnd.rawValue)
      member = slots[member].sibling
    }
    member = index
    while member >= 0 {
      foresee(member, until: end)
      member = slots[member].sibling
    }
  }

  /// An instance leaves its machine.
  mutating func forgetEnd(_ index: Int32, on machine: Int) {
    if slots[index].plannedEnd < .max { ends.remove(endEntry(index)) }
    if keepsPlan { givePlanned(index, on: machine) }
  }

  private mutating func noteEnd(_ index: Int32) {
    if slots[index].plannedEnd < .max { ends.insert(endEntry(index)) }
  }

  private func endEntry(_ index: Int32) -> OrderedIndex.Entry {
    .init(key: slots[index].plannedEnd, tie: UInt64(index), value: index)
  }

  /// Reckons with tasks that run beyond their estimates for longer: for as long again as they are overdue,
  /// and at least for a sixteenth of what they should have taken. Whether there were any.
  ///
  /// That estimates are corrected as they prove wrong, in growing steps, is from Tsafrir, Etsion and
  /// Feitelson, "Backfilling using system-generated predictions rather than user runtime estimates", IEEE
  /// TPDS 18 (2007); their steps are from a list (1 min, 5 min, 15 min ... 100 h), ours have no scale. As an
  /// overdue task's delay doubles from step to step, it has a logarithmic number of them.
  mutating func extendOverdue() -> Bool {
    let now = cluster.now.rawValue
    var found = false
    while let entry = ends.first, entry.key <= now {
      let index = entry.value
      found = true
      ends.remove(entry)
      let due = slots[index].expectedEnd.rawValue
      let length = due - slots[index].since.rawValue
      let (end, overflow) = now.addingReportingOverflow(max(now - due, length / 16, 1))
      slots[index].plannedEnd = overflow ? .max : end
      noteEnd(index)
      takePlanned(index)
    }
    return found
  }
}
