import Diagnostics
import Workload

extension TraceInput.File {
  /// The folders of a partitioned table inside the input that the file is in, as they are called: `day=1`.
  private var partitionFolders: [Substring] {
    folder.split(separator: "/").filter(Self.isPartition)
  }

  /// Its folder inside the input without those of a partitioned table: `task_events` of `task_events/day=1`.
  package var tableFolder: String {
    folder.split(separator: "/").filter { !Self.isPartition($0) }.joined(separator: "/")
  }

  private static func isPartition(_ folder: Substring) -> Bool {
    folder.firstIndex(of: "=").map { $0 > folder.startIndex } ?? false
  }

  /// ``partition``, of folders inside the input only.
  fileprivate var ownPartition: [(column: String, value: String?)] {
    partition.suffix(partitionFolders.count)
  }
}

extension TraceInput.Group {
  /// Groups that are one table in folders by value (`day=1/`, `day=2/`), as one group in the order of the values:
  /// by number where all values of a key are numbers, those that are missing last.
  ///
  /// - Returns: nil where anything else parts them: they lie in other folders besides, their keys differ, or two
  ///   of them have the same values.
  package static func joined(_ groups: [TraceInput.Group]) -> TraceInput.Group? {
    guard groups.count > 1 else { return groups.first }
    let partitions = groups.map(\.files[0].ownPartition)
    let keys = partitions[0].map(\.column)
    guard !keys.isEmpty, partitions.allSatisfy({ $0.map(\.column) == keys }),
      Set(groups.map(\.files[0].tableFolder)).count == 1,
      Set(partitions.map { $0.map(\.value) }).count == groups.count
    else { return nil }
    let areNumbers = keys.indices.map { key in
      partitions.allSatisfy {
        $0[key].value.map { DecimalText.number($0)?.isFinite == true } ?? true
      }
    }
    func precedes(_ a: Int, _ b: Int) -> Bool {
      for key in keys.indices {
        let (first, second) = (partitions[a][key].value, partitions[b][key].value)
        guard let first, let second else {
          if first == nil, second == nil { continue }
          return second == nil
        }
        let (x, y) =
          areNumbers[key]
          ? (DecimalText.number(first) ?? 0, DecimalText.number(second) ?? 0) : (0, 0)
        if x != y { return x < y }
        if first != second { return first < second }
      }
      return false
    }
    let ordered = groups.indices.sorted(by: precedes).map { groups[$0] }
    let numbers = ordered.flatMap(\.numbers)
    // One series of parts over all folders, or one in each.
    let isOneSeries =
      ordered[0].total != nil && Set(ordered.map(\.total)).count == 1
      && Set(numbers).count == numbers.count
      && numbers.count == ordered.reduce(0) { $0 + $1.files.count }
    var joined = TraceInput.Group(
      files: ordered.flatMap(\.files), numbers: isOneSeries ? numbers.sorted() : [],
      total: isOneSeries ? ordered[0].total : nil,
      head: ordered.first { !$0.head.isEmpty }?.head ?? [])
    joined.damage = ordered.lazy.compactMap(\.damage).first
    joined.missingInFolders = isOneSeries ? [] : ordered.flatMap(\.missing)
    joined.partitionKeys = keys
    return joined
  }
}

extension Note {
  /// A table lies in folders by the values of some keys; nil if it does not.
  package static func partitioned(_ table: String, _ group: TraceInput.Group) -> Note? {
    guard !group.partitionKeys.isEmpty else { return nil }
    var values: [String] = []
    for file in group.files {
      let text = file.partition.suffix(group.partitionKeys.count)
        .map { "\($0.column)=\($0.value ?? "(missing)")" }.joined(separator: "/")
      if values.last != text { values.append(text) }
    }
    return Note(
      .assumed, table, ["folders": Double(values.count)],
      "\(table): \(values.count) folders, \(values.first ?? "") to \(values.last ?? ""), are read as one table in "
        + "this order; what their names say is not kept")
  }
}
