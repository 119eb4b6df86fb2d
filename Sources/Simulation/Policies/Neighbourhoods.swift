import Workload

/// Which few machines each agent prefers, for a whole run.
///
/// Between two heartbeats an agent knows of the others only what it has itself sent them. Where every agent
/// sends anywhere that is next to nothing; where few agents prefer a machine, each knows much of its present.
///
/// Each round deals one machine to every agent, from a shuffled deck in which machines have cards in
/// proportion to their weight (systematic sampling: its share of the deck rounded up or down), so that no
/// machine is preferred by more agents than its weight says.
public struct Neighbourhoods: Sendable {
  /// Rounds dealt: neighbours of an agent at most.
  public static let rounds = 8

  private var neighbours: [Int32] = []
  private var starts: [Int32] = [0]

  /// No agents.
  public init() {}

  /// Deals to as many agents as there are machines, agent i being at machine i. The same weights give the
  /// same neighbourhoods. O(n).
  ///
  /// - Parameter weights: what each machine counts for, none negative.
  public init(weights: [Double]) {
    let count = weights.count
    let total = weights.reduce(0, +)
    guard total > 0 else {
      starts = Array(repeating: 0, count: count + 1)
      return
    }
    var rng = RandomStream(seed: 0, name: "neighbourhoods")
    let decks = (0..<Self.rounds).map { _ in Self.deck(weights, total, &rng) }
    for agent in 0..<count {
      let first = neighbours.count
      for deck in decks {
        let machine = deck[agent]
        if Int(machine) != agent, !neighbours[first...].contains(machine) {
          neighbours.append(machine)
        }
      }
      starts.append(Int32(neighbours.count))
    }
  }

  /// The neighbours of an agent, the most preferred first; neither itself nor any twice.
  public subscript(agent: Int) -> ArraySlice<Int32> {
    neighbours[Int(starts[agent])..<Int(starts[agent + 1])]
  }

  private static func deck(
    _ weights: [Double], _ total: Double, _ rng: inout RandomStream
  ) -> [Int32] {
    let count = weights.count
    let offset = rng.uniform()
    var deck: [Int32] = []
    var sum = 0.0
    for (machine, weight) in weights.enumerated() {
      sum += weight
      // Cards are at (k + offset) / n of the whole.
      while deck.count < count, (Double(deck.count) + offset) / Double(count) < sum / total {
        deck.append(Int32(machine))
      }
    }
    // Sums round: the last card may be missing.
    while deck.count < count { deck.append(Int32(count - 1)) }
    for place in stride(from: count - 1, to: 0, by: -1) {
      deck.swapAt(place, rng.below(place + 1))
    }
    return deck
  }
}
