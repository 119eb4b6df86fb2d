/// What a file that no format knows looks like, for the message that says so.
enum FamiliarText {
  /// `, which looks like …: what to do`; empty if it looks like nothing known.
  ///
  /// - Parameters:
  ///   - head: the beginning of the file.
  ///   - name: what the file is called, in its archive where it is in one.
  static func hint(_ head: [UInt8], name: String) -> String {
    let text = String(decoding: head.prefix(4096), as: UTF8.self)
    if let document = document(text, name) { return ", which looks like " + document }
    let line = text.prefix { !$0.isNewline }
    if line.contains(/^job[0-9]+(\t[0-9]+){5}\s*$/) {
      return ", which looks like SWIM's Facebook workloads: they have bytes and no run times, so a "
        + "cost model must make tasks of them first"
    }
    let start = text.drop { $0.isWhitespace }.first
    let words = ": --columns says which of its columns are which (docs/column-mappings.md)"
    if start == "{" || start == "[" {
      if text.contains("\"apiVersion\"") {
        return ", which looks like a list of Kubernetes (kubectl get -o json)"
      }
      if text.contains("\"submit_us\"") {
        return
          ", which looks like records in JSON: CSV and Parquet are read as they are, JSON with "
          + "--columns (a mapping such as {columns: {submit_us: submit_us}})"
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

  /// What is no table at all, and the way on; nil if it looks like none of these.
  private static func document(_ text: String, _ name: String) -> String? {
    let start = text.drop { $0.isWhitespace }.prefix(400).lowercased()
    if name.hasSuffix("[Content_Types].xml")
      || start.hasPrefix("application/vnd.oasis.opendocument")
    {
      return "a spreadsheet's workbook: save its sheet as CSV"
    }
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return
        "a web page, as servers send in place of a file that is not there: fetch the file again"
    }
    if start.hasPrefix("%pdf-") { return "a PDF: the rows are in another file" }
    if start.hasPrefix("version https://git-lfs") {
      return "a pointer of Git LFS: 'git lfs pull' fetches the file itself"
    }
    if start.hasPrefix("<?xml") { return "XML, which no format is in" }
    for (key, kind, command) in [
      ("groups", "a cluster file", "--cluster takes it"),
      ("schedulers", "an experiment", "compare --experiment takes it"),
      ("classes", "a scenario", "simulate --workload and generate take it"),
      ("columns", "a mapping of columns", "--columns takes it, beside the table"),
    ] where text.split(whereSeparator: \.isNewline).contains(where: { $0.hasPrefix("\(key):") }) {
      return "\(kind): \(command)"
    }
    return nil
  }

  /// What a Parquet file of these columns is known to be, though it has no tasks; empty if nothing.
  static func hint(columns: [String]) -> String {
    let names = Set(columns)
    if names.contains("carbon_intensity") {
      return ", which are the carbon intensities of OpenDC: no tasks are in them"
    }
    if names.isSuperset(of: ["failure_interval", "failure_duration"]) {
      return ", which are the machine failures of OpenDC: no tasks are in them"
    }
    return ""
  }
}
