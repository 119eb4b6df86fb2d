import Workload

/// Machines in order of room, for best and worst fit.
///
/// Room is the sum over CPU, memory, disk and GPU of what is free, each as a share of the largest
/// capacity that any machine has of it when the run begins. What a task takes away is the same on
/// every machine, so machines rank by what is left as they rank by what is free.
///
/// A cluster that runs out of one resource has many machines with much room on which nothing fits.
/// So machines are kept in a grid, by sixteenths of free CPU and of free memory, each cell in order
/// of room: a search leaves out the cells that cannot fit, and stops at the diagonal where no cell
/// can be better than what it has found.
struct RoomIndex {
  private static var levels: Int { 16 }
  /// One level in units of room, which are 2^-40.
  private static var levelBits: Int64 { 36 }

  private var largest = Resources.zero
  private var cells: [OrderedIndex] = []
  private var cellOf: [Int] = []
  private var entries: [OrderedIndex.Entry] = []
  /// Whether a cell's room is bounded by its levels from above: there is CPU and memory only, and no
  /// machine has outgrown the largest of the beginning.
  private var isBounded = true
  private let descending: Bool

  /// An index that goes from the fullest machine to the emptiest, or the other way round.
  init(descending: Bool) { self.descending = descending }

  mutating func build(_ cluster: borrowing Cluster) {
    largest = .zero
    for machine in 0..<cluster.count { largest = largest.union(cluster.capacity(machine)) }
    isBounded = largest.disk == .zero && largest.milliGPU == 0
    cells = Array(repeating: OrderedIndex(), count: Self.levels * Self.levels)
    cellOf = []
    entries = []
    for machine in 0..<cluster.count {
      let free = cluster.free(machine)
      cellOf.append(cell(free))
      entries.append(entry(machine, free))
      cells[cellOf[machine]].insert(entries[machine])
    }
  }

  mutating func update(_ machine: Int, _ cluster: borrowing Cluster) {
    let free = cluster.free(machine)
    let entry = entry(machine, free)
    let cell = cell(free)
    guard entry != entries[machine] || cell != cellOf[machine] else { return }
    if !free.fits(in: largest) { isBounded = false }
    cells[cellOf[machine]].remove(entries[machine])
    cells[cell].insert(entry)
    entries[machine] = entry
    cellOf[machine] = cell
  }

  /// The first machine in order on which the task may start now.
  func first(for task: TaskView, _ cluster: borrowing Cluster) -> Int? {
    let most = Self.levels - 1
    let (cpu, memory) = (level(cpuShare(task.request)), level(memoryShare(task.request)))
    let start = descending ? .min : room(task.request)
    var best: OrderedIndex.Entry?
    for step in 0...(2 * most - cpu - memory) {
      let diagonal = descending ? 2 * most - step : cpu + memory + step
      if let best, !canBeat(best, on: diagonal) { break }
      for column in max(cpu, diagonal - most)...min(most, diagonal - memory) {
        let cell = cells[column * Self.levels + diagonal - column]
        if let found = first(for: task, in: cell, from: start, before: best, cluster) {
          best = found
        }
      }
    }
    return best.map { Int($0.value) }
  }

  /// The free room of a machine.
  func room(of machine: Int) -> Double {
    descending ? -Double(entries[machine].key) : Double(entries[machine].key)
  }

  private func first(
    for task: TaskView, in cell: borrowing OrderedIndex, from start: Int64,
    before best: OrderedIndex.Entry?, _ cluster: borrowing Cluster
  ) -> OrderedIndex.Entry? {
    var cursor = cell.cursor(from: start)
    while let place = cursor {
      let entry = cell[place]
      if let best, !OrderedIndex.Entry.precedes(entry, best) { return nil }
      if cluster.mayStart(task, on: Int(entry.value)) { return entry }
      cursor = cell.advance(place)
    }
    return nil
  }

  /// Whether a cell of the diagonal (the sum of its levels) may hold a machine that precedes `best`.
  private func canBeat(_ best: OrderedIndex.Entry, on diagonal: Int) -> Bool {
    if descending {
      return !isBounded || Int64(diagonal + 2) << Self.levelBits >= -best.key
    }
    return Int64(diagonal) << Self.levelBits <= best.key
  }

  private func entry(_ machine: Int, _ free: Resources) -> OrderedIndex.Entry {
    let room = room(free)
    return .init(key: descending ? -room : room, tie: UInt64(machine), value: Int32(machine))
  }

  private func cell(_ free: Resources) -> Int {
    level(cpuShare(free)) * Self.levels + level(memoryShare(free))
  }

  private func level(_ share: Int64) -> Int {
    min(max(Int(share >> Self.levelBits), 0), Self.levels - 1)
  }

  /// To the nearest whole 2^-40th of the sum, so that equal sums of unlike shares are equal; monotonic,
  /// so that a request that fits never has more room than the machine.
  private func room(_ resources: Resources) -> Int64 {
    let sum =
      Self.part(resources.cpu.nano, largest.cpu.nano)
      + Self.part(resources.memory.rawValue, largest.memory.rawValue)
      + Self.part(resources.disk.rawValue, largest.disk.rawValue)
      + Self.part(resources.milliGPU, largest.milliGPU)
    // Clamped where a machine has since outgrown every one of the beginning.
    return Self.whole(min(sum * 0x1p40, 0x1p60), isNearest: true)
  }

  private static func part(_ amount: Int64, _ whole: Int64) -> Double {
    whole > 0 ? Double(amount) / Double(whole) : 0
  }

  private func cpuShare(_ resources: Resources) -> Int64 {
    Self.share(resources.cpu.nano, largest.cpu.nano)
  }

  private func memoryShare(_ resources: Resources) -> Int64 {
    Self.share(resources.memory.rawValue, largest.memory.rawValue)
  }

  private static func share(_ amount: Int64, _ whole: Int64) -> Int64 {
    Self.whole(min(part(amount, whole) * 0x1p40, 0x1p60), isNearest: false)
  }

  /// As `rounded()` or `rounded(.down)`, without a call into the library of C.
  private static func whole(_ value: Double, isNearest: Bool) -> Int64 {
    let whole = Int64(value)
    let rest = value - Double(whole)
    guard isNearest else { return rest < 0 ? whole - 1 : whole }
    return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole
  }
}
