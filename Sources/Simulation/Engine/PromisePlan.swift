import Workload

/// Where and when a waiting task has been promised to start.
struct Promise {
  /// The part of a promise in one place of the plan.
  struct Part {
    var place: Int
    /// How many of the task's instances.
    var count: Int
    /// For how long, in µs; `.max` is for ever.
    var span: Int64
  }

  /// The parts of a promise. As a rule it is one, which needs no memory of its own.
  struct Parts: RandomAccessCollection, ExpressibleByArrayLiteral {
    private var one: Part?
    private var others: [Part] = []

    init(_ part: Part) { one = part }

    init(_ parts: [Part]) {
      one = parts.first
      if parts.count > 1 { others = Array(parts.dropFirst()) }
    }

    init(arrayLiteral parts: Part...) { self.init(parts) }

    var startIndex: Int { 0 }
    var endIndex: Int { one == nil ? 0 : 1 + others.count }

    subscript(index: Int) -> Part {
      if index == 0, let one { return one }
      return others[index - 1]
    }
  }

  /// `.max` where no place can be foreseen.
  var time: Int64
  var parts: Parts

  /// No place can be foreseen.
  static var none: Promise { Promise(time: .max, parts: []) }

  func end(_ part: Part) -> Int64 {
    let (end, overflow) = time.addingReportingOverflow(part.span)
    return overflow ? .max : end
  }
}

/// What conservative backfilling knows: the free room of each place over time, with the running tasks
/// until their estimated ends and the waiting ones where they have been promised to run.
///
/// A place is a machine. Where all tasks ask for as much CPU an instance and nothing else can run
/// out, all machines are one place, and room is counted in instances: whatever is free then is as
/// good as anything else, so a promise need not say where.
struct PromisePlan {
  /// What makes all machines one place.
  struct Pool {
    /// CPU of every instance.
    var unit: Cores
    /// The most that an instance has asked for, dimension by dimension.
    var widest: Resources
    /// How many instances there is room for when nothing runs.
    var capacity = 0
  }

  /// Room that has come unforeseen, some of it at least: `from ..< until`.
  ///
  /// Whoever waits has looked at all other room, with what it leaves out of account for others. So a place
  /// is only found earlier where it reaches into this.
  struct Vacancy {
    var place: Int
    var from: Int64
    var until: Int64
    /// When some of it last came, by ``changes``.
    var change: Int
  }

  var pool: Pool?
  /// Whether a task takes as long on one machine as on another.
  var areAlike = false
  private(set) var profiles: [FreeProfile] = []
  private var promises: [Promise] = []
  /// When each slot's task is promised to start: -1 if it has no promise.
  private var times: [Int64] = []
  /// The promises by time.
  private var order = OrderedIndex()
  /// How many tasks have a promise, be it of none.
  private(set) var count = 0
  /// Room that some promise may be bettered by, and from where on it is not yet known to all.
  private(set) var vacancies: [Vacancy] = []
  private var sealed = 0
  /// How often room has come unforeseen.
  private(set) var changes = 0
  /// How often it had when each slot's task last looked for a place.
  private var looks: [Int] = []
  /// Machines have come, gone or changed.
  var isOutOfDate = true

  /// The time promised to the task; nil if nothing has been promised.
  func time(of index: Int32) -> Int64? {
    let slot = Int(index)
    return slot < times.count && times[slot] >= 0 ? times[slot] : nil
  }

  func promise(to index: Int32) -> Promise { promises[Int(index)] }

  /// The first place of a task's promise; -1 if it has none.
  func firstPlace(of index: Int32) -> Int { promises[Int(index)].parts.first?.place ?? -1 }

  /// For how long; nil if it has none.
  func firstSpan(of index: Int32) -> Int64? { promises[Int(index)].parts.first?.span }

  /// The earliest promised start of any task; `.max` if no task has a promise.
  var first: Int64 { order.first?.key ?? .max }

  /// When to look again although nothing else happens.
  func wake(after now: Int64) -> Int64 {
    now < .max ? order.first(from: now + 1)?.key ?? .max : .max
  }

  /// Nothing is promised, and so much is free.
  mutating func begin(_ profiles: [FreeProfile]) {
    self.profiles = profiles
    for slot in times.indices { times[slot] = -1 }
    order = OrderedIndex()
    count = 0
    isOutOfDate = false
  }

  mutating func take(_ amount: Resources, in place: Int, from: Int64, to end: Int64, now: Int64) {
    profiles[place].take(amount, from: from, to: end, now: now)
  }

  /// Room that a running task has left before its time.
  mutating func give(_ amount: Resources, in place: Int, to end: Int64, now: Int64) {
    guard end > now else { return }
    profiles[place].give(amount, from: now, to: end, now: now)
    vacate(place, from: now, until: end)
  }

  /// What would be free in each of these tasks' places if they had no promises. `amount` as in
  /// ``enter(_:to:now:_:)``.
  func profiles(
    without tasks: ArraySlice<Int32>, _ amount: (Int32, Int) -> Resources
  ) -> [(place: Int, profile: FreeProfile)] {
    var changes: [(place: Int, time: Int64, amount: Resources)] = []
    for index in tasks where (time(of: index) ?? .max) < .max {
      let promise = promises[Int(index)]
      for part in promise.parts {
        let amount = amount(index, part.count)
        changes.append((part.place, promise.time, amount))
        let end = promise.end(part)
        if end < .max { changes.append((part.place, end, Resources.zero - amount)) }
      }
    }
    if profiles.count > 1 { changes.sort { $0.place < $1.place } }
    var found: [(place: Int, profile: FreeProfile)] = []
    var start = 0
    while start < changes.count {
      let place = changes[start].place
      var end = start
      while end < changes.count, changes[end].place == place { end += 1 }
      found.append(
        (place, profiles[place].giving(changes[start..<end].map { ($0.time, $0.amount) })))
      start = end
    }
    return found
  }

  /// Enters a promise. `amount` is of so many instances.
  mutating func enter(
    _ promise: Promise, to index: Int32, now: Int64, _ amount: (Int) -> Resources
  ) {
    let slot = Int(index)
    while times.count <= slot {
      times.append(-1)
      promises.append(.none)
      looks.append(0)
    }
    times[slot] = promise.time
    promises[slot] = promise
    count += 1
    guard promise.time < .max else { return }
    order.insert(entry(index))
    for part in promise.parts {
      profiles[part.place].take(
        amount(part.count), from: promise.time, to: promise.end(part), now: now)
    }
  }

  /// Takes a promise back; what was kept for it is vacant, unless `quietly`.
  mutating func withdraw(
    _ index: Int32, now: Int64, quietly: Bool = false, _ amount: (Int) -> Resources
  ) {
    let promise = promises[Int(index)]
    count -= 1
    if promise.time < .max {
      order.remove(entry(index))
      for part in promise.parts {
        profiles[part.place].give(
          amount(part.count), from: promise.time, to: promise.end(part), now: now)
      }
      if !quietly { vacate(promise) }
    }
    times[Int(index)] = -1
    promises[Int(index)].parts = []
  }

  mutating func vacate(_ promise: Promise) {
    for part in promise.parts {
      vacate(part.place, from: promise.time, until: promise.end(part))
    }
  }

  /// All of a place is to be looked at again.
  mutating func vacate(_ place: Int) { vacate(place, from: .min, until: .max) }

  mutating func vacate(_ place: Int, from start: Int64, until end: Int64) {
    changes += 1
    if let known = vacancies[sealed...].firstIndex(where: { $0.place == place }) {
      vacancies[known].from = min(vacancies[known].from, start)
      vacancies[known].until = max(vacancies[known].until, end)
      vacancies[known].change = changes
    } else {
      vacancies.append(Vacancy(place: place, from: start, until: end, change: changes))
    }
  }

  /// All that are waiting will have looked at the vacancies so far: what comes now is a new one.
  mutating func seal() { sealed = vacancies.count }

  mutating func forgetVacancies() {
    vacancies.removeAll(keepingCapacity: true)
    sealed = 0
  }

  /// How often room had come when the task, which has a promise, last looked for a place.
  func lastLook(of index: Int32) -> Int { looks[Int(index)] }

  /// It has looked at all there is.
  mutating func noteLook(of index: Int32) { looks[Int(index)] = changes }

  /// The slots whose tasks have a promise.
  var promised: [Int32] { times.indices.filter { times[$0] >= 0 }.map(Int32.init) }

  private func entry(_ index: Int32) -> OrderedIndex.Entry {
    .init(key: times[Int(index)], tie: UInt64(index), value: index)
  }
}
