import Simulation
import Workload

/// What a learned order sees of each task that waits, and of the queue and the machines, when the next task is
/// chosen.
///
/// Nothing here needs true run times or what comes later. Each number is about -1 to 2, so that weights of one
/// size can be searched for. r is the requested run time in seconds (a day where nothing is requested), p the
/// predicted one (r without a prediction), w the wait, n the cores, d the time until it fits if what runs
/// ends as promised.
struct OrderObservation {
  /// Goes into every policy's file.
  static let version = "order-1"
  /// Inputs of a task, in order.
  static let inputs = [
    "log p", "log n", "log w", "(w / (p + 10))^1/4", "n / machine", "fits now", "log d",
    "log p log n", "fits now and log p", "spare when it fits", "log r", "user's tasks that wait",
    "user's share of the machine", "((w + d) / (p + 10))^1/4", "log p n / machine",
    "fits now and n / machine",
  ]
  /// Inputs of the queue and the machines, in order; the first is constant.
  static let context = [
    "one", "free share", "log queue", "log backlog", "log urgency", "share that fits now",
  ]
  typealias Row = SIMD16<Float>

  /// One for each task that waits.
  private(set) var rows: [Row] = []
  /// As ``context`` names them; the rest is zero.
  private(set) var state = SIMD8<Float>.zero

  private var ends: [(seconds: Float, free: Float)] = []
  private var users = UserSums()

  /// Looks at a scene on a machine of `total` cores, of which `room` are free. O(waiting log running).
  mutating func look(at scene: borrowing QueueScene, total: Double, free room: Double) {
    let free = Float(max(room, 0))
    let perTotal = total > 0 ? Float(1 / total) : 0
    let now = scene.now
    ends.removeAll(keepingCapacity: true)
    users.clear()
    let knowsUsers = scene.waiting.contains { $0.user != .unknown }
    var sum = free
    for hold in scene.running {
      sum += Float(hold.cores)
      ends.append((max(Float((hold.end - now).seconds), 1), sum))
      if knowsUsers { users.add(SIMD2(0, Float(hold.cores)), to: hold.user) }
    }
    if knowsUsers { for task in scene.waiting { users.add(SIMD2(1, 0), to: task.user) } }
    rows.removeAll(keepingCapacity: true)
    var (backlog, urgency, fitting): (Float, Float, Float) = (0, 0, 0)
    for index in scene.waiting.indices {
      let task = scene.waiting[index]
      let requested = task.estimate.isKnown ? max(Float(task.estimate.seconds), 1) : 86_400
      let predicted = task.predicted.isKnown ? max(Float(task.predicted.seconds), 1) : requested
      let cores = Float(task.cores)
      let wait = max(Float((now - task.submit).seconds), 0)
      let fits = cores <= free
      let (delay, room): (Float, Float) = fits ? (0, free) : whenFree(cores)
      let user = knowsUsers ? users[task.user] : .zero
      let length = logarithm(predicted) * 0.0625
      let width = logarithm(max(cores, 1)) * 0.125
      let scale = 1 / (predicted + 10)
      backlog += predicted * cores
      urgency += scale
      if fits { fitting += 1 }
      var row = Row.zero
      row[0] = length
      row[1] = width
      row[2] = logarithm(wait + 1) * 0.0625
      row[3] = fourthRoot(wait * scale) * 0.25
      row[4] = cores * perTotal
      row[5] = fits ? 1 : 0
      row[6] = logarithm(delay + 1) * 0.0625
      row[7] = length * width
      row[8] = fits ? length : 0
      row[9] = (room - cores) * perTotal
      row[10] = logarithm(requested) * 0.0625
      row[11] = logarithm(user.x + 1) * 0.125
      row[12] = user.y * perTotal
      row[13] = fourthRoot((wait + delay) * scale) * 0.25
      row[14] = length * cores * perTotal
      row[15] = fits ? cores * perTotal : 0
      rows.append(row)
    }
    state = .zero
    state[0] = 1
    state[1] = free * perTotal
    state[2] = logarithm(Float(scene.queueLength) + 1) * 0.125
    state[3] = logarithm(backlog * perTotal + 1) * 0.0625
    state[4] = logarithm(urgency * 1024 + 1) * 0.125
    state[5] = rows.isEmpty ? 0 : fitting / Float(rows.count)
  }

  /// Seconds until so many cores should be free, and how many are then; a day more than the last end where
  /// they never are.
  private func whenFree(_ cores: Float) -> (delay: Float, room: Float) {
    var (low, high) = (0, ends.count)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle].free >= cores { high = middle } else { low = middle + 1 }
    }
    guard low < ends.count else { return ((ends.last?.seconds ?? 0) + 86_400, cores) }
    return (ends[low].seconds, ends[low].free)
  }

  private func fourthRoot(_ x: Float) -> Float { x.squareRoot().squareRoot() }

  /// The binary logarithm of a number from 1 on, to 0.001 (a cubic of the mantissa): the same bits
  /// on every platform.
  @inline(__always)
  private func logarithm(_ x: Float) -> Float {
    let bits = x.bitPattern
    let exponent = Float(Int32(bits >> 23) - 127)
    let m = Float(bitPattern: bits & 0x7F_FFFF | 0x3F80_0000)
    // Interpolates log2 at the Chebyshev nodes of [1, 2].
    let p = ((0.152_700_28 * m - 1.026_804_9) * m + 3.011_162_2) * m - 2.136_232_1
    return exponent + p
  }
}

/// Sums by user. Users are numbered densely; those of far higher numbers have their places modulo 2^16.
private struct UserSums {
  private var sums: [SIMD2<Float>] = []
  private var touched: [Int] = []

  private static func place(_ user: UserID) -> Int { Int(user.rawValue & 0xFFFF) }

  mutating func clear() {
    for place in touched { sums[place] = .zero }
    touched.removeAll(keepingCapacity: true)
  }

  mutating func add(_ value: SIMD2<Float>, to user: UserID) {
    let place = Self.place(user)
    while sums.count <= place { sums.append(.zero) }
    if sums[place] == .zero { touched.append(place) }
    sums[place] += value
  }

  subscript(user: UserID) -> SIMD2<Float> {
    let place = Self.place(user)
    return place < sums.count ? sums[place] : .zero
  }
}
