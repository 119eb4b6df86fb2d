import Fitting
import Workload

/// Who submits a trace's jobs.
public struct ClientProfile: Codable, Sendable, Equatable {
  /// How many users there are.
  public var users: Int
  /// Jobs of known users.
  public var jobs: Int
  /// Jobs that repeat none of their user's: those by which periods of activity were found.
  public var roots: Int
  /// Seconds of a period of activity; a day where none stands out.
  public var session: Double
  /// How much oftener two of these jobs in one period are of one client than two at any time; 1 for no bursts.
  public var concentration: Double
  /// The users with most jobs, then the others together. ``Client/classes`` are weights of the profile's kinds.
  public var clients: [Client]

  /// Lengths of periods that are tried, in seconds.
  static let sessions: [Double] = [60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]
  /// Users that are told apart.
  static let most = 48
  /// Jobs of known users that there must be.
  static let fewest = 200
}

extension JobLedger {
  /// The pool of clients; nil where users are not told, there is one only, or jobs are too few. `kinds` has the number
  /// of each job's kind, nil for a kind that is not kept. O(jobs · lengths).
  func clients(kinds: [Int?], count: Int) -> ClientProfile? {
    var jobs: [UInt32: Int] = [:]
    for entry in entries where entry.user != 0 { jobs[entry.user, default: 0] += 1 }
    let total = jobs.values.reduce(0, +)
    guard jobs.count > 1, total >= ClientProfile.fewest, count > 0 else { return nil }
    let least = max(30, total / 200)
    let ordered = jobs.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let apart = ordered.prefix(ClientProfile.most).prefix { $0.value >= least }.map(\.key)
    let numbers = Dictionary(uniqueKeysWithValues: apart.enumerated().map { ($1, $0) })
    let hasOthers = apart.count < jobs.count
    var clients = (0..<apart.count + (hasOthers ? 1 : 0)).map { _ in
      Client(users: 1, share: 0, activity: 1, classes: [Double](repeating: 0, count: count))
    }
    if hasOthers { clients[apart.count].users = min(jobs.count - apart.count, 100_000) }
    for (job, entry) in entries.enumerated() where entry.user != 0 {
      let client = numbers[entry.user] ?? apart.count
      clients[client].share += 1
      if let kind = kinds[job] { clients[client].classes[kind] += 1 }
    }
    // Counted first: a sum of many small parts may come to more than 1.
    for place in clients.indices { clients[place].share /= Double(total) }
    // Whose kinds are all gone has those of all.
    for place in clients.indices where clients[place].classes.allSatisfy({ $0 == 0 }) {
      clients[place].classes = [Double](repeating: 1, count: count)
    }
    let roots = roots(numbers, others: apart.count)
    var profile = ClientProfile(
      users: jobs.count, jobs: total, roots: roots.count, session: 86_400, concentration: 1,
      clients: clients)
    let (first, last) = (roots.first?.time ?? 0, roots.last?.time ?? 0)
    let counts = ClientProfile.sessions.filter { (last - first) / $0 >= 20 }
      .map { Coincidences(roots, session: $0, clients: clients.count) }
    // Too short for two jobs to be seen together.
    guard let shortest = counts.first(where: { $0.expected(apart.indices) >= 50 }),
      shortest.excess(apart.indices) > 3 / shortest.expected(apart.indices).squareRoot()
    else { return profile }
    let chosen =
      counts.last { $0.excess(apart.indices) >= 0.8 * shortest.excess(apart.indices) } ?? shortest
    profile.session = chosen.session
    profile.concentration = 1 + chosen.excess(apart.indices)
    for place in apart.indices {
      let own = place..<place + 1
      let expected = chosen.expected(own)
      guard expected >= 10, chosen.excess(own) > 3 / expected.squareRoot() else { continue }
      profile.clients[place].activity = activity(
        1 / (1 + chosen.excess(own)), profile.clients[place])
    }
    profile.clients = Self.calibrated(profile.clients) { chosen.excess($0..<$0 + 1) + 1 }
    return profile
  }

  /// No client has more jobs than the time lets it.
  private func activity(_ value: Double, _ client: Client) -> Double {
    min(max(value, 1.05 * client.share, 0.002), 1)
  }

  /// Changes activities until the drawn clients are as concentrated as the trace's: others being active or
  /// not changes a client's part of the jobs too.
  private static func calibrated(
    _ clients: [Client], _ concentration: (Int) -> Double
  ) -> [Client] {
    var clients = clients
    var weights: [Double]?
    for _ in 0..<20 {
      let found = ClientSampler.weights(clients, from: weights, rounds: 8)
      weights = found.weights
      for place in clients.indices where clients[place].activity < 1 {
        let value =
          clients[place].activity * found.concentrations[place] / concentration(place)
        clients[place].activity = min(max(value, 1.05 * clients[place].share, 0.002), 0.999)
      }
    }
    return clients
  }

  /// The jobs that repeat none of their user's, by time.
  private func roots(_ numbers: [UInt32: Int], others: Int) -> [(time: Double, client: Int)] {
    var last: [UInt32: Int] = [:]
    var roots: [(time: Double, client: Int)] = []
    for (job, entry) in entries.enumerated() where entry.user != 0 {
      let before = last[entry.user]
      last[entry.user] = job
      if let before, entry.isLike(entries[before]) { continue }
      roots.append((entry.submit, numbers[entry.user] ?? others))
    }
    return roots
  }
}

/// Pairs of jobs in one period.
private struct Coincidences {
  let session: Double
  /// Of all jobs, and of each client's: Σ n (n - 1).
  private var all = 0.0
  private var own: [Double]
  /// Share of the jobs of each.
  private var shares: [Double]

  /// Of jobs by time.
  init(_ jobs: [(time: Double, client: Int)], session: Double, clients: Int) {
    self.session = session
    own = [Double](repeating: 0, count: clients)
    shares = own
    var counts = own
    var start = 0
    while start < jobs.count {
      let period = (jobs[start].time / session).rounded(.down)
      var end = start
      while end < jobs.count, (jobs[end].time / session).rounded(.down) == period {
        counts[jobs[end].client] += 1
        end += 1
      }
      let n = Double(end - start)
      all += n * (n - 1)
      for place in start..<end {
        let client = jobs[place].client
        // Once for each client that is there.
        own[client] += counts[client] * (counts[client] - 1)
        counts[client] = 0
      }
      start = end
    }
    for job in jobs { shares[job.client] += 1 / Double(jobs.count) }
  }

  /// Pairs of one of these clients that there would be if all were always active.
  func expected(_ clients: Range<Int>) -> Double {
    clients.reduce(0) { $0 + shares[$1] * shares[$1] } * all / 2
  }

  /// How many more there are, as a share of these.
  func excess(_ clients: Range<Int>) -> Double {
    let expected = expected(clients)
    guard expected > 0 else { return 0 }
    return clients.reduce(0) { $0 + own[$1] } / 2 / expected - 1
  }
}
