import Workload

/// The pending queue in one of its orders.
///
/// Orders by task keep one index. Orders by user keep one index a user, and an index of the users
/// who have tasks waiting by what their running tasks hold; the order of the queue is then user by
/// user, first come first served within one.
struct WaitingQueue {
  typealias Entry = OrderedIndex.Entry

  private let order: SimulationOptions.Order
  private var tasks = OrderedIndex()
  private var users = OrderedIndex()
  /// A user's place in the columns, in order of first appearance. Only ever looked up.
  private var places: [UserID: Int] = [:]
  private var queues: [OrderedIndex] = []
  private var held: [Resources] = []
  private var keys: [Int64] = []
  private(set) var count = 0

  init(_ order: SimulationOptions.Order) {
    self.order = order
    isByUser = order == .fairShare || order == .dominantResource
    hasKeys = order != .fifo && !isByUser
  }

  let isByUser: Bool
  /// Whether tasks have keys in this order; where not, all are 0.
  let hasKeys: Bool
  var isEmpty: Bool { count == 0 }

  /// A task's place among others of its order.
  func key(_ task: TaskView) -> Int64 {
    switch order {
    case .fifo, .fairShare, .dominantResource: 0
    case .priority: -(Int64(task.priorityClass.rawValue) << 17 + Int64(task.priority))
    case .sjf: task.estimate.rawValue
    case .earliestDeadline: task.deadline.rawValue
    case .rule(let rule):
      if case .fixed(let score) = rule.kind { QueueRule.key(score(task)) } else { 0 }
    }
  }

  var first: Entry? {
    guard isByUser else { return tasks.first }
    return users.first.flatMap { queues[Int($0.value)].first }
  }

  /// Returns whether the entry is now the first.
  @discardableResult
  mutating func insert(_ entry: Entry, of user: UserID) -> Bool {
    count += 1
    guard isByUser else {
      tasks.insert(entry)
      return tasks.first == entry
    }
    let user = place(of: user)
    if queues[user].isEmpty { users.insert(userEntry(user)) }
    queues[user].insert(entry)
    return first == entry
  }

  mutating func remove(_ entry: Entry, of user: UserID) {
    guard isByUser else {
      if tasks.remove(entry) { count -= 1 }
      return
    }
    let user = place(of: user)
    if queues[user].remove(entry) {
      count -= 1
      if queues[user].isEmpty { users.remove(userEntry(user)) }
    }
  }

  /// The entry after `entry`, which is in the queue or just has been.
  func next(after entry: Entry, of user: UserID) -> Entry? {
    guard isByUser else { return tasks.next(after: entry) }
    guard let user = places[user] else { return nil }
    if let next = queues[user].next(after: entry) { return next }
    return users.next(after: userEntry(user)).flatMap { queues[Int($0.value)].first }
  }

  /// The first `limit` slots in order. O(limit), by user O(users) more.
  func slots(limit: Int) -> [Int32] {
    var found: [Int32] = []
    func take(from index: OrderedIndex) {
      var cursor = index.cursor(from: .min)
      while let place = cursor, found.count < limit {
        found.append(index[place].value)
        cursor = index.advance(place)
      }
    }
    guard isByUser else {
      take(from: tasks)
      return found
    }
    var cursor = users.cursor(from: .min)
    while let place = cursor, found.count < limit {
      take(from: queues[Int(users[place].value)])
      cursor = users.advance(place)
    }
    return found
  }

  /// A user's running tasks hold more (`sign` 1) or less (-1).
  mutating func changeHeld(
    by request: Resources, sign: Int64, of user: UserID, whole: Resources
  ) {
    guard isByUser else { return }
    let user = place(of: user)
    let waits = !queues[user].isEmpty
    if waits { users.remove(userEntry(user)) }
    if sign > 0 { held[user] += request } else { held[user] -= request }
    let shares = Cluster.shares(held[user], of: whole)
    let share = order == .fairShare ? shares[0] : shares.max()
    // In 2^-40ths, so that the order does not hang on the last bit.
    keys[user] = Int64(min(share, 0x1p20) * 0x1p40)
    if waits { users.insert(userEntry(user)) }
  }

  private func userEntry(_ user: Int) -> Entry {
    Entry(key: keys[user], tie: UInt64(user), value: Int32(user))
  }

  /// The user's place in the columns, which grow as users appear.
  private mutating func place(of user: UserID) -> Int {
    if let place = places[user] { return place }
    places[user] = queues.count
    queues.append(OrderedIndex())
    held.append(.zero)
    keys.append(0)
    return queues.count - 1
  }
}
