/// What an episode is drawn for. A seed belongs to one split: nothing is evaluated on what was trained on, tuned
/// on or chosen by.
public enum Split: String, CaseIterable, Sendable {
  /// Policies learn from it.
  case training
  /// The best policy of a training is chosen on it.
  case validation
  /// Rules are tuned, and units measured, on it.
  case tuning
  /// Policies are compared on it.
  case heldOut = "held-out"

  /// Its seeds, in ranges that no other split has.
  var ranges: [ClosedRange<UInt64>] {
    switch self {
    case .training: [1 << 20...UInt64.max]
    case .validation: [1001...2000]
    case .tuning: [10_001...(1 << 20) - 1]
    case .heldOut: [1...999, 2001...9999]
    }
  }
}

/// The seed of an episode, which knows its split: made by one of the splits only.
///
/// ```swift
/// let seeds = EpisodeSeed.heldOut(40)          // 1 ... 40
/// ```
public struct EpisodeSeed: Hashable, Sendable {
  /// What it is for.
  public let split: Split
  /// What chance comes from.
  public let value: UInt64

  /// The seed of a split with this number; nil if another split has it, or none.
  public init?(_ split: Split, _ value: UInt64) {
    guard split.ranges.contains(where: { $0.contains(value) }) else { return nil }
    self.split = split
    self.value = value
  }

  /// The seed with a number that somebody outside has chosen, such as an environment's: of the split that has
  /// it, of training where none has.
  public init(_ value: UInt64) {
    self.value = value
    split =
      Split.allCases.first { $0.ranges.contains { $0.contains(value) } } ?? .training
  }

  /// Consecutive seeds of a split; nil if one of them is not the split's.
  ///
  /// - Parameters:
  ///   - split: The split.
  ///   - count: Seeds, at least 1.
  ///   - first: The first of them; the split's first if nil.
  public static func some(_ split: Split, _ count: Int, from first: Int? = nil) -> [EpisodeSeed]? {
    let own = split.ranges[0].lowerBound
    guard let first = first.map({ UInt64(exactly: $0) }) ?? own, count > 0,
      let range = split.ranges.first(where: { $0.contains(first) }),
      UInt64(count) - 1 <= range.upperBound - first
    else { return nil }
    return (0..<UInt64(count)).compactMap { EpisodeSeed(split, first + $0) }
  }

  /// Held-out seeds: consecutive ones of 1 to 999 and 2,001 to 9,999; nil if one is another split's.
  public static func heldOut(_ count: Int, from first: Int = 1) -> [EpisodeSeed]? {
    some(.heldOut, count, from: first)
  }

  /// The training seed of a number: from 2^32 times the training's own seed, plus 2^20, on.
  static func training(_ seed: UInt64, _ number: Int) -> EpisodeSeed {
    // Sums wrap around: what falls below 2^20 is put there, where a seed of 2^32 trainings later is.
    let value = seed &<< 32 &+ 1 << 20 &+ UInt64(number)
    return EpisodeSeed(.training, value) ?? EpisodeSeed(.training, value | 1 << 63)!
  }
}
