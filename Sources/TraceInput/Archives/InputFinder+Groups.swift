import Diagnostics

extension InputFinder {
  /// Groups of files whose names differ in numbers only, each in numeric order.
  func grouped() throws(TraceError) -> ([TraceInput.Group], [String: [UInt8]]) {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (index, file) in files.enumerated() {
      let key = Self.groupKey(file.folder, PartName(file.baseName))
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(index)
    }
    var groups: [TraceInput.Group] = []
    for key in order {
      guard let indices = members[key] else { continue }
      let parts = indices.map { (PartName(files[$0].baseName), $0) }.sorted {
        $0.0.precedes($1.0)
          || ($0.0.numbers == $1.0.numbers && files[$0.1].name < files[$1.1].name)
      }
      for (a, b) in zip(parts, parts.dropFirst()) where a.0.numbers == b.0.numbers {
        throw TraceError(
          .unrecognised,
          "the same part as \(files[a.1].name): remove one of them, or give a single file",
          file: files[b.1].name)
      }
      groups.append(
        TraceInput.Group(
          files: parts.map { files[$0.1] },
          numbers: Self.series(parts.map(\.0)) ?? [], total: parts.first?.0.total,
          head: heads[key]?.bytes ?? [], damage: damage(behind: parts.map { files[$0.1] })))
    }
    return (groups, schemas)
  }

  /// Damage to an archive that reading `files`, which are in it, would not meet.
  private func damage(behind files: [TraceInput.File]) -> TraceError? {
    damages.first { damage in
      let entries = files.compactMap { file in
        if case .entry(let container, let index) = file.location, container === damage.container {
          index
        } else {
          nil as Int?
        }
      }
      return !entries.isEmpty && !entries.contains { $0 == damage.entry }
    }?.error
  }

  static func groupKey(_ folder: String, _ part: PartName) -> String {
    folder + "/" + part.stem
  }

  /// The numbers of the parts, if the names make a series: one number each, in ascending order,
  /// below the total that they state. Dates and the like are larger than any trace has parts.
  private static func series(_ parts: [PartName]) -> [Int]? {
    let numbers = parts.compactMap(\.number)
    let bound = min(parts.first?.total ?? PartName.maximumTotal, PartName.maximumTotal)
    guard numbers.count == parts.count, numbers.allSatisfy({ $0 < bound }),
      zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    return numbers
  }
}
