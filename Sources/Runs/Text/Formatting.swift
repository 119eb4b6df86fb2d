import Experiments
import Foundation
import Quoting
import Workload

/// `158,120`.
package func grouped(_ value: Int) -> String { Figures.grouped(value) }

/// `1 task`, `158,120 tasks`.
package func counted(_ count: Int, _ noun: String) -> String {
  "\(grouped(count)) \(count == 1 ? noun : noun + "s")"
}

/// `a minute`, `an hour`.
package func each(_ unit: String) -> String { (unit == "hour" ? "an " : "a ") + unit }

/// `1.5 M`.
package func short(_ value: Double) -> String {
  for (limit, unit) in [(1e9, " G"), (1e6, " M"), (1e3, " k")] where abs(value) >= limit {
    return significant(value / limit) + unit
  }
  return significant(value)
}

/// Three significant digits, without exponent where that is readable; `-` for what is no number.
package func significant(_ value: Double, digits: Int = 3) -> String {
  guard value.isFinite else { return "-" }
  guard value != 0 else { return "0" }
  let magnitude = Int(log10(abs(value)).rounded(.down))
  guard (-5...14).contains(magnitude) else { return String(format: "%.\(digits - 1)e", value) }
  let text = String(format: "%.\(max(0, digits - 1 - magnitude))f", value)
  guard text.contains(".") else { return text }
  let trimmed = String(text.reversed().drop { $0 == "0" }.reversed())
  return trimmed.hasSuffix(".") ? String(trimmed.dropLast()) : trimmed
}

/// So many decimals.
package func fixed(_ value: Double, _ decimals: Int) -> String {
  value.isFinite ? String(format: "%.\(decimals)f", value) : "-"
}

/// A share of 0…1 as per cent.
package func percent(_ share: Double) -> String {
  share.isFinite ? fixed(share * 100, 1) + " %" : "-"
}

/// `2:05:09` or `5:09`.
package func clock(_ seconds: Double) -> String {
  guard seconds.magnitude < 1e15 else { return "-" }
  let total = Int(seconds.rounded())
  let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
  return hours > 0
    ? String(format: "%d:%02d:%02d", hours, minutes, rest)
    : String(format: "%d:%02d", minutes, rest)
}

/// A span as a person says it: `2 d 7 h`, `3 min 20 s`, `12.5 s`, `40 ms`.
package func span(_ seconds: Double) -> String {
  guard seconds.isFinite else { return "-" }
  guard seconds.magnitude < 1e15 else { return significant(seconds) + " s" }
  let total = Int(seconds.rounded())
  if seconds >= 86400 { return "\(total / 86400) d \(total / 3600 % 24) h" }
  if seconds >= 3600 { return "\(total / 3600) h \(total / 60 % 60) min" }
  if seconds >= 120 { return "\(total / 60) min \(total % 60) s" }
  if seconds >= 1 || seconds == 0 { return significant(seconds) + " s" }
  return seconds >= 1e-3 ? significant(seconds * 1e3) + " ms" : significant(seconds * 1e6) + " µs"
}

/// Columns of text, the first flush left and the others flush right unless said otherwise.
package struct TextTable {
  private var rows: [[String]] = []
  private let left: Set<Int>

  package init(header: [String] = [], left: Set<Int> = [0]) {
    self.left = left
    if !header.isEmpty { rows.append(header) }
  }

  package mutating func add(_ cells: [String]) { rows.append(cells.map(Quoting.visible)) }

  /// The lines, indented by two.
  package var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        return left.contains(column) ? cell + pad : pad + cell
      }
      var line = "  " + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}

/// The value as JSON with sorted keys; numbers that JSON cannot hold become null.
package func jsonText(_ value: [String: Any]) throws -> String {
  let data = try JSONSerialization.data(
    withJSONObject: finite(value), options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  return Quoting.json(String(decoding: data, as: UTF8.self))
}

private func finite(_ value: Any) -> Any {
  switch value {
  case let number as Double: number.isFinite ? number : NSNull()
  case let list as [Any]: list.map(finite)
  case let object as [String: Any]: object.mapValues(finite)
  default: value
  }
}
