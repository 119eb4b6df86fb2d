/// Numbers for tasks, from 0 on, in the order in which they are first named: what tables beside records
/// are kept by.
///
/// An open hash table of numbers beside the list of tasks: 12 to 20 bytes a task beyond the list, no
/// allocation but for growing. O(1) a look-up on average.
public struct TaskNumbers: Sendable {
  /// The tasks by their numbers.
  public private(set) var tasks: [TaskID] = []
  /// A number and 1; 0 is free. A power of two of them, at most two thirds in use.
  private var slots: [UInt32] = []

  /// No tasks.
  public init() {}

  /// How many tasks there are.
  public var count: Int { tasks.count }

  /// The number of `task`, which gets one if it has none.
  @inline(__always)
  public mutating func insert(_ task: TaskID) -> (number: Int, isNew: Bool) {
    // Tables are mostly filled task after task.
    if let last = tasks.last, last == task { return (tasks.count - 1, false) }
    if tasks.count * 3 >= slots.count * 2 { grow() }
    let mask = slots.count - 1
    var place = Self.hash(task) & mask
    while slots[place] != 0 {
      let number = Int(slots[place]) - 1
      if tasks[number] == task { return (number, false) }
      place = (place + 1) & mask
    }
    precondition(tasks.count < Int(UInt32.max) - 1, "more tasks than can be numbered")
    tasks.append(task)
    slots[place] = UInt32(tasks.count)
    return (tasks.count - 1, true)
  }

  /// The number of `task`; nil if it has none.
  public func number(of task: TaskID) -> Int? {
    guard !slots.isEmpty else { return nil }
    let mask = slots.count - 1
    var place = Self.hash(task) & mask
    while slots[place] != 0 {
      let number = Int(slots[place]) - 1
      if tasks[number] == task { return number }
      place = (place + 1) & mask
    }
    return nil
  }

  private mutating func grow() {
    let size = max(64, slots.count * 2)
    slots = Array(repeating: 0, count: size)
    let mask = size - 1
    for (number, task) in tasks.enumerated() {
      var place = Self.hash(task) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = UInt32(number + 1)
    }
  }

  /// Two rounds of multiplication (Steele and Vigna, "Computationally easy, spectrally good
  /// multipliers", 2021): numbers of jobs and tasks count up, and neighbours must not meet.
  @inline(__always)
  private static func hash(_ task: TaskID) -> Int {
    var word = UInt64(bitPattern: task.job) &* 0xd134_2543_de82_ef95
    word ^= word >> 32
    word = (word &+ UInt64(UInt32(bitPattern: task.index))) &* 0xaf25_1af3_b0f0_25b5
    return Int(truncatingIfNeeded: (word ^ word >> 29) & UInt64(Int64.max))
  }
}
