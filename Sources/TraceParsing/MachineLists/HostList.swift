import Diagnostics
import TraceInput

/// Names of hosts as Slurm joins them: `node[01-04,07],login1`, `rack[1-2]n[1-8]`.
enum HostList {
  /// No cluster has more.
  static let limit = 1_000_000

  /// All names of a list, in its order.
  ///
  /// - Throws: `RowError` for a list that is broken off, or of more than `limit` names.
  static func names(_ text: String) throws(RowError) -> [String] {
    func problem(_ what: String) -> RowError {
      RowError(
        column: nil, message: "the list of nodes '\(text.prefix(60))' \(what)",
        reason: "bad list of nodes")
    }
    var names: [String] = []
    for part in try parts(text, problem) {
      let more = try expanded(part, problem)
      guard names.count + more.count <= limit else { throw problem("has more than \(limit) names") }
      names += more
    }
    return names
  }

  /// What stands between the commas outside brackets.
  private static func parts(
    _ text: String, _ problem: (String) -> RowError
  ) throws(RowError) -> [Substring] {
    var parts: [Substring] = []
    var (start, isInside) = (text.startIndex, false)
    for place in text.indices {
      switch text[place] {
      case "[" where !isInside: isInside = true
      case "]" where isInside: isInside = false
      case "[", "]": throw problem("has brackets that do not match")
      case "," where !isInside:
        parts.append(text[start..<place])
        start = text.index(after: place)
      default: break
      }
    }
    if isInside { throw problem("is broken off: a wider column shows all of it") }
    parts.append(text[start...])
    if parts.contains(where: \.isEmpty) { throw problem("has an empty name") }
    return parts
  }

  private static func expanded(
    _ part: Substring, _ problem: (String) -> RowError
  ) throws(RowError) -> [String] {
    guard let open = part.firstIndex(of: "["), let close = part[open...].firstIndex(of: "]") else {
      return [String(part)]
    }
    let head = part[..<open]
    let tails = try expanded(part[part.index(after: close)...], problem)
    var names: [String] = []
    for range in part[part.index(after: open)..<close].split(
      separator: ",", omittingEmptySubsequences: false)
    {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false)
      guard let first = ends.first, let low = number(first), ends.count <= 2,
        let last = ends.last, let high = number(last), low <= high
      else { throw problem("has '\(range.prefix(30))' where a range of numbers is expected") }
      guard (high - low + 1) * tails.count + names.count <= limit else {
        throw problem("has more than \(limit) names")
      }
      for number in low...high {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, first.count - digits.count))
        for tail in tails { names.append("\(head)\(zeros)\(digits)\(tail)") }
      }
    }
    return names
  }

  private static func number(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else {
      return nil
    }
    return Int(text)
  }
}
