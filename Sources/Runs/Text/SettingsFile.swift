import Foundation

/// Files of settings (scenarios, profiles, clusters) told from traces, which may be JSON too.
enum SettingsFile {
  /// So much of a file is looked at.
  private static let limit = 1 << 20

  /// Whether `name` is a YAML file, or a JSON file that has one of `keys` at its top.
  ///
  /// - Parameters:
  ///   - name: a path; what cannot be read is told by its ending.
  ///   - keys: of which a file of settings has at least one, and traces none.
  static func isOne(_ name: String, keys: Set<String>) -> Bool {
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return true }
    guard name.hasSuffix(".json") else { return false }
    guard let file = FileHandle(forReadingAtPath: name),
      let head = try? file.read(upToCount: limit)
    else { return true }
    try? file.close()
    if head.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "[") { return false }
    let found = topKeys(head)
    // What is no object at all, the reader of settings tells best.
    return found.isEmpty || found.contains(where: keys.contains)
  }

  /// The keys of an object, of which only the beginning may be there. O(n).
  static func topKeys(_ bytes: Data) -> [String] {
    var keys: [String] = []
    var (depth, isInText, isEscaped) = (0, false, false)
    var text: [UInt8] = []
    var last: [UInt8]?
    for byte in bytes {
      if isInText {
        switch byte {
        case _ where isEscaped: isEscaped = false
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "\""): (isInText, last) = (false, text)
        default: if depth == 1 { text.append(byte) }
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): (isInText, text) = (true, [])
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ":"):
        if depth == 1, let last { keys.append(String(decoding: last, as: UTF8.self)) }
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
      default: break
      }
      last = nil
    }
    return keys
  }
}
