import Experiments
import Foundation
import Simulation

/// The distribution of one quantity over the tasks.
struct Margin {
  let name: String
  let unit: String
  /// What one raw unit is in `unit`.
  let scale: Double
  private(set) var values = Tally()
  private var bins = LogHistogram()

  init(_ name: String, unit: String, scale: Double) {
    self.name = name
    self.unit = unit
    self.scale = scale
  }

  /// Every value, kept only where some are cut off: then the mean and the median need them all.
  private var sample: QuantitySample?

  /// With those that are cut off counted, their mean and median are told too.
  init(censoring name: String, unit: String, scale: Double) {
    self.init(name, unit: unit, scale: scale)
    sample = QuantitySample(name, unit)
  }

  /// Adds a value of which only a lower bound is known.
  mutating func addCutOff(_ raw: Int64) { sample?.add(Double(raw) * scale, isCensored: true) }

  /// How many were cut off.
  var cutOff: Int { sample?.cutOff ?? 0 }

  /// Mean (up to the greatest seen) and median with those that were cut off counted, by Kaplan and Meier; nil
  /// where none was.
  var productLimit: (mean: Double, median: Double?, isSampled: Bool)? { sample?.productLimit }

  mutating func add(_ raw: Int64) {
    values.record(raw)
    bins.add(Double(raw) * scale)
    sample?.add(Double(raw) * scale)
  }

  private static let probabilities = [0.1, 0.5, 0.9, 0.99]

  var cells: [String] {
    let quantiles = values.quantiles(Self.probabilities).map { significant($0 * scale) }
    let ends = [values.minimum, values.maximum].map { significant(Double($0 ?? 0) * scale) }
    return [name, unit, grouped(values.count), ends[0]] + quantiles
      + [ends[1], significant(values.mean * scale)]
  }

  var histogram: String { "  \(name), \(unit)\n" + bins.text }

  var object: [String: Any] {
    var object: [String: Any] = [
      "unit": unit, "count": values.count, "quantile_relative_error": values.quantileError,
      "histogram": bins.object,
    ]
    object["cut_off"] = cutOff
    if let limit = productLimit {
      object["kaplan_meier"] =
        ["mean": limit.mean, "p50": limit.median ?? .nan, "is_sampled": limit.isSampled]
        as [String: Any]
    }
    guard values.count > 0 else { return object }
    object["mean"] = values.mean * scale
    object["min"] = Double(values.minimum ?? 0) * scale
    object["max"] = Double(values.maximum ?? 0) * scale
    for (p, value) in zip(Self.probabilities, values.quantiles(Self.probabilities)) {
      object["p\(Int(p * 100))"] = value * scale
    }
    return object
  }
}

/// Counts in bins of equal width on a logarithmic axis, two a decade; zeros apart.
struct LogHistogram {
  private var zeros = 0
  /// From the bin of the least positive number to that of the largest.
  private var counts = [Int](repeating: 0, count: last - first + 1)

  private static let (first, last) = (bin(.leastNonzeroMagnitude), bin(.greatestFiniteMagnitude))

  private static func bin(_ value: Double) -> Int {
    // The tolerance keeps a power of ten in the bin that it begins.
    Int((2 * log10(value) + 1e-9).rounded(.down))
  }

  mutating func add(_ value: Double) {
    if value > 0 {
      counts[Self.bin(value) - Self.first] += 1
    } else {
      zeros += 1
    }
  }

  private static func edge(_ bin: Int) -> Double { pow(10, Double(bin) / 2) }

  /// The bins in order, empty ones between them included.
  private var bins: [(label: String, low: Double, high: Double, count: Int)] {
    var bins: [(String, Double, Double, Int)] = zeros > 0 ? [("0", 0, 0, zeros)] : []
    if let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    {
      for place in first...last {
        let bin = place + Self.first
        let low = Self.edge(bin)
        bins.append(
          ("from " + significant(low, digits: 2), low, Self.edge(bin + 1), counts[place]))
      }
    }
    return bins
  }

  var text: String {
    let most = bins.map(\.count).max() ?? 0
    var lines = TextTable(left: [0, 2])
    for bin in bins { lines.add([bin.label, grouped(bin.count), Self.bar(bin.count, of: most)]) }
    return lines.text.split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  var object: [[String: Any]] {
    bins.map { ["from": $0.low, "to": $0.high, "count": $0.count] }
  }

  /// A bar of at most 40 cells, in eighths.
  private static func bar(_ count: Int, of most: Int) -> String {
    guard most > 0, count > 0 else { return "" }
    let eighths = max(1, count * 320 / most)
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + rest
  }
}
