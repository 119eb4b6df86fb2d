/// The parts of a path, taken by bytes: a `/` with a combining mark behind it is still a separator.
///
/// Foundation's `NSString.deletingLastPathComponent` ends the program for a path of one character on
/// Linux (swift-corelibs-foundation), and archives hold such paths.
package enum PathName {
  /// The last component: `b` of `a/b` and `a/b/`; empty of `/` and of nothing.
  package static func last(_ path: String) -> String {
    let trimmed = withoutSlashes(path)
    guard let slash = trimmed.lastIndex(of: separator) else { return String(trimmed) ?? "" }
    return String(trimmed[trimmed.index(after: slash)...]) ?? ""
  }

  /// What is before the last component: `a` of `a/b`, `/` of `/a`, nothing of `a`.
  package static func folder(of path: String) -> String {
    let trimmed = withoutSlashes(path)
    guard let slash = trimmed.lastIndex(of: separator) else {
      return path.utf8.first == separator ? "/" : ""
    }
    let folder = withoutSlashes(String(trimmed[..<slash]) ?? "")
    return folder.isEmpty ? "/" : String(folder) ?? ""
  }

  private static var separator: UInt8 { UInt8(ascii: "/") }

  private static func withoutSlashes(_ path: String) -> Substring.UTF8View {
    var rest = Substring(path).utf8
    while rest.last == separator { rest.removeLast() }
    return rest
  }
}
