/// One of several equal shares of a piece of work: `3/8` is the third of eight.
public struct Shard: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  /// Which, from 1.
  public let number: Int
  /// Of how many.
  public let count: Int

  /// The most shards that a piece of work may be split into.
  public static let limit = 1_000_000

  /// A share; nil for one that there cannot be.
  public init?(_ number: Int, of count: Int) {
    guard (1...Self.limit).contains(count), (1...count).contains(number) else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// The share that `3/8` names; nil for any other text.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { $0.allSatisfy { (0x30...0x39).contains($0) } ? Int(String(Substring($0))) : nil }
    guard parts.count == 2, let number = parts[0], let count = parts[1] else { return nil }
    self.init(number, of: count)
  }

  /// `3/8`.
  public var description: String { "\(number)/\(count)" }

  /// By count, then by number.
  public static func < (a: Shard, b: Shard) -> Bool {
    (a.count, a.number) < (b.count, b.number)
  }

  /// Its share of pieces that stand in a row: neighbours, of about the same size together as those of other
  /// shares. Every piece is in one share.
  public func share(ofSizes sizes: [Int]) -> Range<Int> {
    // A piece is in the share that its middle is in; those of no size count a little.
    let weights = sizes.map { Double(max($0, 0)) + 1 }
    let total = weights.reduce(0, +)
    var (begin, first, end) = (0.0, sizes.count, sizes.count)
    for (place, weight) in weights.enumerated() {
      let owner = min(count - 1, Int((begin + weight / 2) / total * Double(count)))
      if owner >= number - 1 { first = min(first, place) }
      if owner >= number { end = min(end, place) }
      begin += weight
    }
    return min(first, end)..<end
  }
}
