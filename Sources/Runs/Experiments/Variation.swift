import Experiments
import Workload

/// `load=0.5:0.95:0.05`, `machines=10,20,40`, `engine.queue=fifo,sjf`, `load=0.3:1.1` (for --find);
/// `engine.failures=none;0.7,30d,1h` where values have commas.
public struct Variation: Hashable, Sendable {
  /// The key that is varied.
  public let key: String
  /// Its values, each once; numbers in order.
  public let values: [AxisValue]
  /// The ends of a range without a step.
  public let range: ClosedRange<Double>?

  /// The variation that `text` says; nil if it says none.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    key = parts[0]
    let ends = parts[1].split(separator: ":", omittingEmptySubsequences: false).map {
      DecimalText.number($0)
    }
    guard ends.count > 1 else {
      let mark: Character = parts[1].contains(";") ? ";" : ","
      let list = AxisValue.values(parts[1].split(separator: mark).map(String.init))
      guard !list.isEmpty else { return nil }
      var seen: Set<String> = []
      let distinct = list.filter { seen.insert($0.number.map { "\($0)" } ?? $0.text).inserted }
      values =
        distinct.allSatisfy { $0.number != nil }
        ? distinct.sorted { ($0.number ?? 0) < ($1.number ?? 0) } : distinct
      range = nil
      return
    }
    if ends.count == 2 {
      guard let low = ends[0], let high = ends[1], low < high, low.isFinite, high.isFinite
      else { return nil }
      (values, range) = ([AxisValue(low), AxisValue(high)], low...high)
      return
    }
    guard let list = AxisValue.range(parts[1]) else { return nil }
    (values, range) = (list, nil)
  }
}

extension ExperimentAxes {
  /// The product of what `--vary` says.
  ///
  /// - Throws: ``RunError`` for a key that is there twice.
  public init(_ variations: [Variation]) throws(RunError) {
    let keys = variations.map(\.key)
    if let twice = keys.enumerated().first(where: { keys.firstIndex(of: $1) != $0 })?.element {
      throw RunError(message: "--vary \(twice) is given twice: list its values")
    }
    self.init(variations.map { Axis($0.key, $0.values, option: "--vary") })
  }
}
