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

  /// A running instance is to be reckoned with until another end; only the list of ends is told.
  mutating func planEnd(of index: Int32, at end: Int64) {
    ends.remove(endEntry(index))
    slots[index].plannedEnd = end
    noteEnd(index)
  }

  private mutating func noteEnd(_ index: Int32) {
    if slots[index].plannedEnd < .max { ends.insert(endEntry(index)) }
  }

  private func endEntry(_ index: Int32) -> OrderedIndex.Entry {
    .init(key: slots[index].plannedEnd, tie: UInt64(index), value: index)
  }

  /// Reckons with tasks that run beyond their estimates for as long again as they have run. In which places
  /// of the plan they are.
  ///
  /// That estimates are corrected as they prove wrong, in growing steps, is from Tsafrir, Etsion and
  /// Feitelson, "Backfilling using system-generated predictions rather than user runtime estimates", IEEE
  /// TPDS 18 (2007). Their steps are from a list (1 min, 5 min, 15 min ... 100 h); ours have no scale: half of
  /// the processes that have lived for some time were found to live for as long again (Harchol-Balter and
  /// Downey, "Exploiting process lifetime distributions for dynamic load balancing", ACM TOCS 15, 1997). As
  /// the time doubles from step to step, a task has a logarithmic number of them.
  mutating func extendOverdue() -> [Int] {
    let now = cluster.now.rawValue
    var places: [Int] = []
    while let entry = ends.first, entry.key <= now {
      let index = entry.value
      places.append(plan.pool != nil ? 0 : Int(slots[index].machine))
      ends.remove(entry)
      let age = max(now - slots[index].since.rawValue, 1)
      let (end, overflow) = now.addingReportingOverflow(age)
      slots[index].plannedEnd = overflow ? .max : end
      noteEnd(index)
      takePlanned(index)
    }
    return places
  }
}
