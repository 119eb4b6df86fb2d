/// What a format is, for the table of all formats (`docs/formats.md`).
public struct FormatSummary: Sendable, Equatable {
  /// Whose trace it is.
  public var about: String
  /// How it is told from others.
  public var knownBy: String
  /// The tables that are read, that of the tasks first.
  public var tables: [String]
  /// The columns of records that it fills, and what is kept beside them.
  public var reads: [String]
  /// What is assumed, and what is not read.
  public var limits: [String]

  /// A summary.
  public init(
    about: String, knownBy: String, tables: [String], reads: [String], limits: [String] = []
  ) {
    self.about = about
    self.knownBy = knownBy
    self.tables = tables
    self.reads = reads
    self.limits = limits
  }

  /// A table of formats in Markdown, a row each in their order; those without a summary have their name only.
  public static func table(_ formats: [any TraceFormat]) -> String {
    var lines = [
      "| format | trace | told by | tables | records have | assumed or not read |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for format in formats {
      var cells: [String] = ["`\(format.name)`"]
      if let summary = format.summary {
        cells += [summary.about, summary.knownBy]
        cells.append(summary.tables.joined(separator: ", "))
        cells.append(summary.reads.joined(separator: ", "))
        cells.append(summary.limits.joined(separator: "; "))
      }
      let row = cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")
      lines.append("| \(row) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
