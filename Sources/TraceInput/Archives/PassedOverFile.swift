import Diagnostics
import Workload

/// A file that lies in the input and is not read.
public struct PassedOverFile: Equatable, Sendable {
  /// What messages call it: its path, or `archive!entry`.
  public let name: String
  /// Why it is not read.
  public let reason: String
  /// Whether rows of the trace may be in it: then what is read is not the whole trace.
  public let mayHoldRows: Bool

  package init(_ name: String, _ reason: String, mayHoldRows: Bool) {
    self.name = name
    self.reason = reason
    self.mayHoldRows = mayHoldRows
  }

  /// `3 files passed over: a.png (neither text nor an archive), ...`, with at most `limit` names; nil
  /// if there are none.
  public static func note(_ files: [PassedOverFile], limit: Int = 10) -> Note? {
    guard !files.isEmpty else { return nil }
    var text = files.count == 1 ? "1 file passed over: " : "\(files.count) files passed over: "
    text += files.prefix(limit).map { "\(FileName.printed($0.name)) (\($0.reason))" }
      .joined(separator: ", ")
    if files.count > limit { text += " and \(files.count - limit) more" }
    return Note(
      .leftOut, "",
      ["files": Double(files.count), "may_hold_rows": Double(files.count(where: \.mayHoldRows))],
      text)
  }
}

/// Which names in a folder or an archive say that there is no table behind them.
enum SidecarName {
  /// Marks and checksums of Hadoop, Spark, macOS and Windows, and the papers that come with traces:
  /// known to hold no rows.
  static func isKnown(_ name: String) -> Bool {
    let upper = name.uppercased()
    return [
      "_SUCCESS", "_metadata", "_common_metadata", "_temporary", "__MACOSX", ".DS_Store",
      "Thumbs.db",
      "desktop.ini",
    ].contains(name)
      || ["._", "_started_", "_committed_"].contains { name.hasPrefix($0) }
      || name.hasSuffix(".crc")
      || ["README", "LICENSE", "SHA256SUM", "SHA1SUM", "MD5SUM"].contains { upper.hasPrefix($0) }
        && !isTable(name)
  }

  /// Whether a file of this name is meant to be a table, compressed or not: `readme-jobs.csv.gz` is.
  private static func isTable(_ name: String) -> Bool {
    let parts = name.lowercased().split(separator: ".").dropFirst()
    return parts.contains {
      ["csv", "json", "ndjson", "jsonl", "tsv", "swf", "parquet"].contains($0)
    }
  }

  /// Why a file of this name is no table, though it may be of interest; nil for all others.
  static func reasonToPass(_ name: String) -> String? {
    if name.hasPrefix(".") { return "hidden" }
    let upper = name.uppercased()
    if [".MD", ".PDF", ".HTML"].contains(where: upper.hasSuffix) { return "a document" }
    if upper.hasSuffix(".REJECTS.CSV") { return "rows that a conversion rejected" }
    if name.contains(".partial-") { return "left by a conversion that was killed" }
    return nil
  }

  private static let endings = [
    ".csv", ".json", ".ndjson", ".jsonl", ".tsv", ".swf", ".parquet", ".gz", ".tgz", ".xz", ".zst",
    ".bz2", ".lz4", ".tar", ".zip", ".7z",
  ]

  /// Whether a file of this name is meant to be a table or an archive.
  static func isData(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }
}
