import Foundation

/// `load=0.5:0.95:0.05`, `machines=10,20,40`, `engine.queue=fifo,sjf`, `load=0.3:1.1` (for --find).
public struct Variation: Hashable, Sendable {
  /// The key that is varied.
  public let key: String
  /// Its values, each once; numbers in order.
  public let values: [SweepValue]
  /// The ends of a range without a step.
  public let range: ClosedRange<Double>?

  /// The variation that `text` says; nil if it says none.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    key = parts[0]
    let ends = parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    if ends.count == 1 {
      let list = parts[1].split(separator: ",").map { SweepValue(String($0)) }
      guard !list.isEmpty else { return nil }
      var seen: Set<SweepValue> = []
      let distinct = list.filter { seen.insert($0).inserted }
      let numbers = distinct.compactMap(\.number)
      values =
        numbers.count == distinct.count ? Set(numbers).sorted().map(SweepValue.init) : distinct
      range = nil
      return
    }
    guard ends.count <= 3, let low = ends[0], let high = ends[1], low < high, low.isFinite,
      high.isFinite
    else { return nil }
    guard ends.count == 3 else {
      (values, range) = ([SweepValue(low), SweepValue(high)], low...high)
      return
    }
    guard let step = ends[2], step > 0, (high - low) / step < 10_000 else { return nil }
    // Counted, not added up: 0.5 + 0.05 + … would not end at 0.95.
    let count = Int(((high - low) / step + 1e-9).rounded(.down))
    let decimals = pow(10, 12 - (log10(max(abs(low), abs(high)))).rounded(.up))
    values = (0...count).map {
      SweepValue(((low + Double($0) * step) * decimals).rounded() / decimals)
    }
    range = nil
  }
}
