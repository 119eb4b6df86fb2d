import Configuration
import Diagnostics
import TraceInput

/// The table that a `--columns` file describes.
///
/// Parquet, and folders whose names hold values (`day=1`), are read by ``MappedRecordFormat`` where the
/// file says no more than it can use; everything else by ``MappedTableFormat``.
public struct ColumnsFormat: TraceFormat {
  /// `columns`.
  public let name = "columns"
  private let plain: MappedRecordFormat?
  private let wide: MappedTableFormat

  /// The format that a mapping's file describes.
  ///
  /// - Throws: `ConfigurationError` with every mistake.
  public init(_ file: ConfigurationFile) throws(ConfigurationError) {
    wide = MappedTableFormat(name: name, mapping: try TableMapping(file: file))
    plain = (try? file.read(ColumnMapping.init)).map {
      MappedRecordFormat(name: "columns", mapping: $0)
    }
  }

  /// The table, if all columns that the file names are there.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    if let plain, isPlain(input) { return try plain.recognise(input, table: table) }
    return try wide.recognise(input, table: table)
  }

  /// Which columns are missing.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    if let plain { return plain.refusal(input, isAsked: isAsked) }
    guard isAsked, let lacking = wide.nearness(input)?.lacking, !lacking.isEmpty else { return nil }
    return TraceError(
      .unrecognised,
      "\(name) needs \(lacking.joined(separator: ", ")), which the file does not have",
      file: input.groups[0].files[0].name)
  }

  private func isPlain(_ input: TraceInput) -> Bool {
    input.groups.contains { group in
      group.isParquet || group.files.contains { !$0.partition.isEmpty }
    }
  }
}

extension ColumnMapping {
  /// The mapping that a file states, where it says nothing beyond columns.
  package init?(_ root: ConfigurationNode) {
    guard let columns = root.object("columns", required: true) else { return nil }
    var sources: [String: Source] = [:]
    for name in columns.keys {
      guard let node = columns[name] else { continue }
      guard node.isObject else {
        sources[name] = node.string().map { Source(from: $0) }
        continue
      }
      let from = node.string("from", required: true)
      let factor = node.number("factor")
      let unit = node.string("unit")
      let words = node.object("values")
      let values = words.map { words in
        Dictionary(
          words.keys.compactMap { key in words.string(key).map { (key, $0) } },
          uniquingKeysWith: { $1 })
      }
      let isOptional = node.flag("optional") ?? false
      if let from {
        sources[name] = Source(
          from: from, factor: factor, unit: unit, values: values, isOptional: isOptional)
      }
    }
    self.init(columns: sources)
    for problem in problems { root.problem(at: problem.path, problem.message) }
  }
}
