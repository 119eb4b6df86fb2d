import CVectorMath
import Fitting

/// A law of whole numbers made ready for drawing: exactly from a table of the probabilities of its first 65,536
/// values, and what is beyond them from an ``AdaptiveGrid``, to one part in 10⁷ or the next whole number.
struct CountGrid: Sendable {
  private let table: CountTable
  private let beyond: AdaptiveGrid?
  private let law: Law

  /// Whether what is beyond the table is searched for.
  var isSlow: Bool { table.covered < 1 - 1e-3 && beyond == nil }

  init(_ law: Law) {
    self.law = law
    table = CountTable(law)
    beyond =
      table.covered < 1 - 1e-8
      ? AdaptiveGrid(counts: law, from: cvm_normal_quantile(max(table.covered, 0x1p-53))) : nil
  }

  /// Replaces probabilities in (0, 1) by values.
  func transform(_ x: UnsafeMutableBufferPointer<Double>) {
    for i in x.indices { x[i] = value(x[i]) }
  }

  private func value(_ p: Double) -> Double {
    if let value = table.value(p) { return value }
    guard let beyond else { return law.quantile(p) }
    let value = cvm_exp(beyond.logValue(cvm_normal_quantile(p))).rounded(.up)
    return min(max(value, table.last + 1), law.upperBound)
  }
}
