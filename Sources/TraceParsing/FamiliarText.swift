/// What a file that no format knows looks like, for the message that says so.
enum FamiliarText {
  /// `, which looks like …: what to do`; empty if it looks like nothing known.
  ///
  /// - Parameter head: the beginning of the file.
  static func hint(_ head: [UInt8]) -> String {
    let text = String(decoding: head.prefix(4096), as: UTF8.self)
    let line = text.prefix { !$0.isNewline }
    let start = text.drop { $0.isWhitespace }.first
    let words = ": --columns says which of its columns are which (docs/column-mappings.md)"
    if start == "{" || start == "[" {
      if text.contains("\"apiVersion\"") {
        return ", which looks like a list of Kubernetes (kubectl get -o json)"
      }
      return ", which looks like JSON that is no trace's"
    }
    for (separator, name) in [("|", "pipes"), ("\t", "tabs"), (";", "semicolons"), (",", "commas")]
    {
      let fields = line.split(separator: separator, omittingEmptySubsequences: false)
      let dictionary: Set = ["description", "descriptions", "meaning", "definition", "explanation"]
      if fields.count > 1,
        fields.contains(where: {
          dictionary.contains($0.trimmingPrefix("\"").prefix { $0.isLetter }.lowercased())
        })
      {
        return ", which looks like a description of a trace's columns: its rows are in another file"
      }
      guard fields.count > 2 else { continue }
      if ["JobID", "JobIDRaw", "JobName"].contains(fields[0]) {
        return ", which looks like the output of Slurm's sacct -P" + words
      }
      let isHeader = fields.allSatisfy { field in
        field.contains(where: \.isLetter) && field.allSatisfy { !$0.isWhitespace || $0 == " " }
      }
      if isHeader { return ", which looks like a table with a header and \(name) between" + words }
    }
    return ""
  }
}
