import Diagnostics
import Foundation

/// A list of digests: what `sha256sum`, `sha1sum` and `md5sum` write, or their BSD form.
public struct ChecksumManifest: Sendable {
  /// A file and its digest.
  public struct Entry: Equatable, Sendable {
    /// The file's path, from the manifest's folder.
    public let name: String
    /// The digest in lower-case hexadecimal.
    public let digest: String
    /// The line of the manifest.
    public let line: Int
  }

  /// The manifest's path.
  public let path: String
  /// The algorithm, by the manifest's name.
  public let kind: FileDigest
  /// The files it lists.
  public let entries: [Entry]

  /// A manifest is not longer than this.
  private static let maximumBytes = 1 << 26

  /// The kind of manifest that a file is, by its name: `SHA256SUM`, `md5sums.txt`; nil if it is none.
  public static func kind(ofName name: String) -> FileDigest? {
    let upper = name.uppercased()
    return FileDigest.allCases.first { upper.hasPrefix($0.rawValue + "SUM") }
  }

  /// Reads the manifest at `path`.
  ///
  /// - Throws: `TraceError` with the line for what is no digest and name, and for a name that leads
  ///   out of the folder.
  public init(path: String, kind: FileDigest) throws(TraceError) {
    self.path = path
    self.kind = kind
    guard let data = FileManager.default.contents(atPath: path), data.count <= Self.maximumBytes
    else { throw TraceError(.inputOutput, "cannot read the manifest", file: path) }
    var entries: [Entry] = []
    let lines = String(decoding: data, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    for (index, raw) in lines.enumerated() {
      let line = raw.hasSuffix("\r") ? raw.dropLast() : raw
      if line.allSatisfy(\.isWhitespace) || line.hasPrefix("#") { continue }
      guard let (digest, name) = Self.entry(line, kind) else {
        throw TraceError(
          .malformedRow, "expected \(kind.digits) hexadecimal digits, two blanks and a file name",
          file: path, line: index + 1)
      }
      guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
        throw TraceError(
          .malformedRow, "'\(name.prefix(60))' leads out of the manifest's folder", file: path,
          line: index + 1)
      }
      entries.append(Entry(name: name, digest: digest, line: index + 1))
    }
    guard !entries.isEmpty else {
      throw TraceError(.missing, "the manifest lists no files", file: path)
    }
    self.entries = entries
  }

  private static func entry(_ line: Substring, _ kind: FileDigest) -> (String, String)? {
    let digest: Substring
    var name: Substring
    if line.hasPrefix("\(kind.rawValue) ("), let close = line.range(of: ") = ", options: .backwards)
    {
      name = line[..<close.lowerBound].dropFirst(kind.rawValue.count + 2)
      digest = line[close.upperBound...]
    } else {
      digest = line.prefix { !$0.isWhitespace }
      name = line.dropFirst(digest.count).drop { $0 == " " || $0 == "\t" }
      if name.hasPrefix("*") { name = name.dropFirst() }
    }
    if name.hasPrefix("./") { name = name.dropFirst(2) }
    guard digest.count == kind.digits, digest.allSatisfy({ $0.isASCII && $0.isHexDigit }),
      !name.isEmpty
    else { return nil }
    return (digest.lowercased(), String(name))
  }
}
