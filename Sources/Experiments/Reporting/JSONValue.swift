import Quoting

/// A JSON value whose objects keep their order.
public indirect enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A number; `null` if it is not finite.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Keys with values, in this order.
  case object([(String, JSONValue)])

  public static func == (a: JSONValue, b: JSONValue) -> Bool { a.text() == b.text() }
  public func hash(into hasher: inout Hasher) { hasher.combine(text()) }

  /// The JSON, on one line, or indented. Numbers round-trip.
  public func text(isIndented: Bool = false) -> String {
    var text = ""
    write(to: &text, isIndented ? 0 : nil)
    return text
  }

  private func write(to text: inout String, _ depth: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value):
      if !value.isFinite {
        text += "null"
      } else if value == value.rounded(), abs(value) < 1e15 {
        text += String(Int64(value))
      } else {
        text += "\(value)"
      }
    case .string(let value): Self.quote(value, &text)
    case .array(let values):
      // Lists of numbers stay on one line.
      let flat = values.allSatisfy(\.isScalar)
      Self.list("[", "]", values, flat ? nil : depth, &text) { value, inner, text in
        value.write(to: &text, inner)
      }
    case .object(let pairs):
      Self.list("{", "}", pairs, depth, &text) { pair, inner, text in
        Self.quote(pair.0, &text)
        text += inner == nil ? ":" : ": "
        pair.1.write(to: &text, inner)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func list<Element>(
    _ open: String, _ close: String, _ elements: [Element], _ depth: Int?, _ text: inout String,
    _ write: (Element, Int?, inout String) -> Void
  ) {
    text += open
    for (index, element) in elements.enumerated() {
      if index > 0 { text += depth == nil ? "," : "," }
      if let depth { text += "\n" + String(repeating: "  ", count: depth + 1) }
      write(element, depth.map { $0 + 1 }, &text)
    }
    if let depth, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: depth) }
    text += close
  }

  private static func quote(_ value: String, _ text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // "</script>" inside an HTML page would end the data.
      case "<": text += "\\u003c"
      default: text += Quoting.json(String(scalar))
      }
    }
    text += "\""
  }
}
