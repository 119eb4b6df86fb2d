import Workload

/// One client of a pool, or several that are taken together.
public struct Client: Codable, Sendable, Hashable {
  /// How many users it stands for.
  public var users: Int
  /// Share of the jobs, 0...1.
  public var share: Double
  /// Share of the time in which it submits at all, above 0, at most 1.
  public var activity: Double
  /// How often its jobs are of each of the model's classes: weights in their order.
  public var classes: [Double]

  /// A client of these figures.
  public init(users: Int = 1, share: Double, activity: Double, classes: [Double]) {
    (self.users, self.share, self.activity, self.classes) = (users, share, activity, classes)
  }
}

/// Who submits the jobs: a pool of clients, each with a rate, periods of activity and kinds of jobs of its own.
///
/// Time is cut into periods of ``session`` seconds, in each of which a client is active with its probability, independently
/// of all others. A job that repeats none is of one of the active clients, in proportion to weights for which each has
/// its share of the jobs in the long run; a job that repeats another is of that one's client. So clients are
/// bursty each by itself, and the arrivals of all together are what ``WorkloadModel/arrivals`` says.
public struct ClientModel: Sendable, Hashable {
  /// Seconds of a period.
  public var session: Double
  /// The clients; their shares add up to 1.
  public var clients: [Client]

  /// The most clients, and users of all together.
  static let limits = (clients: 256, users: 1_000_000)

  /// A pool of clients.
  public init(session: Double, clients: [Client]) {
    (self.session, self.clients) = (session, clients)
  }

  /// Names of users by their numbers, the first of them empty for none.
  var userNames: [String] {
    let count = clients.reduce(0) { $0 + min(max($1.users, 0), Self.limits.users) }
    return [""] + (0..<count).map { "user-\($0 + 1)" }
  }
}

/// A pool of clients made ready.
struct ClientSampler: Sendable {
  private let model: ClientModel
  private let weights: [Double]
  /// Of each client the ends of its classes' parts of 0...1, and the number of its first user.
  private let classes: [[Double]]
  private let firstUsers: [UInt32]
  private let choice, activity, user: RandomStream

  init(_ model: ClientModel, seed: UInt64) {
    self.model = model
    weights = Self.weights(model.clients).weights
    classes = model.clients.map { client in
      let total = client.classes.reduce(0, +)
      var sum = 0.0
      return client.classes.map {
        sum += $0
        return sum / total
      }
    }
    var next: UInt32 = 1
    var firstUsers: [UInt32] = []
    for client in model.clients {
      firstUsers.append(next)
      next += UInt32(client.users)
    }
    self.firstUsers = firstUsers
    choice = RandomStream(seed: seed, name: "client")
    activity = RandomStream(seed: seed, name: "client activity")
    user = RandomStream(seed: seed, name: "client user")
  }

  /// Sets whose job each of a block is, and makes of the uniform numbers `u` the classes. O(jobs + clients · periods).
  func draw(
    block: Int, times: [Double], _ u: UnsafeMutableBufferPointer<Double>,
    users: inout [UInt32], classes: inout [UInt8]
  ) {
    let (size, count) = (GammaBridge.blockSize, weights.count)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * size + 2 * count) { scratch in
      func part(_ from: Int, _ count: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: scratch[from..<from + count])
      }
      let (choices, who) = (part(0, size), part(size, size))
      let (active, ends) = (part(2 * size, count), part(2 * size + count, count))
      choice.openUniforms(from: UInt64(block * size), into: choices)
      user.openUniforms(from: UInt64(block * size), into: who)
      var period = -1.0
      for place in 0..<size {
        let now = (times[place] / model.session).rounded(.down)
        if now != period {
          period = now
          activity.at(UInt64(min(max(now, 0), 1e18))).openUniforms(from: 0, into: active)
          Self.ends(active, model.clients, weights, into: ends)
        }
        let target = choices[place] * ends[count - 1]
        var (low, high) = (0, count - 1)
        while low < high {
          let middle = (low + high) / 2
          if ends[middle] > target { high = middle } else { low = middle + 1 }
        }
        let client = model.clients[low]
        users[place] = firstUsers[low] + UInt32(who[place] * Double(client.users))
        var index: UInt8 = 0
        while Int(index) + 1 < self.classes[low].count, u[place] >= self.classes[low][Int(index)] {
          index += 1
        }
        classes[place] = index
      }
    }
  }

  /// Ends of the active clients' parts; of all of them where none is active.
  private static func ends(
    _ active: UnsafeMutableBufferPointer<Double>, _ clients: [Client], _ weights: [Double],
    into ends: UnsafeMutableBufferPointer<Double>
  ) {
    var sum = 0.0
    for place in ends.indices {
      if active[place] < clients[place].activity { sum += weights[place] }
      ends[place] = sum
    }
    guard sum == 0 else { return }
    for place in ends.indices {
      sum += clients[place].share
      ends[place] = sum
    }
  }

  /// Weights for which every client has its share of the jobs, as far as its activity lets it; and the
  /// mean square of each one's part of a period's jobs over the square of its mean. Both by drawing 4,000 periods, the same ones
  /// whatever the seed.
  static func weights(
    _ clients: [Client], from start: [Double]? = nil, rounds: Int = 40
  ) -> (weights: [Double], concentrations: [Double]) {
    guard clients.contains(where: { $0.activity < 1 }) else {
      return (clients.map(\.share), clients.map { _ in 1 })
    }
    let (count, periods) = (clients.count, 4000)
    var weights = start ?? clients.map { $0.share / $0.activity }
    let stream = RandomStream(seed: 1, name: "client weights")
    var active = [Double](repeating: 0, count: count)
    var ends = active
    var (means, squares) = (active, active)
    for round in 0..<rounds {
      for place in 0..<count { (means[place], squares[place]) = (0, 0) }
      for period in 0..<periods {
        active.withUnsafeMutableBufferPointer { active in
          ends.withUnsafeMutableBufferPointer { ends in
            stream.at(UInt64(period)).openUniforms(from: 0, into: active)
            Self.ends(active, clients, weights, into: ends)
            var last = 0.0
            for place in 0..<count {
              let part = (ends[place] - last) / ends[count - 1]
              last = ends[place]
              means[place] += part
              squares[place] += part * part
            }
          }
        }
      }
      guard round < rounds - 1 else { break }
      for place in 0..<count where means[place] > 0 {
        weights[place] *= clients[place].share * Double(periods) / means[place]
      }
      let total = weights.reduce(0, +)
      for place in 0..<count { weights[place] = min(max(weights[place] / total, 1e-12), 1) }
    }
    let n = Double(periods)
    let concentrations = zip(means, squares).map { mean, square in
      mean > 0 ? square / n / (mean / n * mean / n) : 1
    }
    return (weights, concentrations)
  }
}
