import Diagnostics

/// What is to be known of an input to tell what it is and which parts it has, without it: names, sizes and
/// the beginnings of its groups of parts. Equal for all who look at the same input.
package struct InputSkeleton: Codable, Hashable, Sendable {
  private struct File: Codable, Hashable {
    var name: String
    var folder: String
    var base: String
    var size: Int?
  }

  private struct Group: Codable, Hashable {
    var files: [File]
    var numbers: [Int]
    var total: Int?
    /// In hexadecimal, which a text of JSON has no trouble with.
    var head: String
  }

  private struct Other: Codable, Hashable {
    var name: String
    var reason: String
    var mayHoldRows: Bool
  }

  private let path: String
  private let groups: [Group]
  private let others: [Other]
  private let schemas: [String: String]

  /// What is to be known of `input`.
  package init(_ input: TraceInput) {
    path = input.path
    groups = input.groups.map { group in
      Group(
        files: group.files.map {
          File(name: $0.name, folder: $0.folder, base: $0.baseName, size: $0.size)
        },
        numbers: group.numbers, total: group.total, head: hexadecimal(group.head))
    }
    others = input.passedOver.map {
      Other(name: $0.name, reason: $0.reason, mayHoldRows: $0.mayHoldRows)
    }
    schemas = input.schemas.mapValues(hexadecimal)
  }

  /// How many files there are.
  package var fileCount: Int { groups.reduce(0) { $0 + $1.files.count } }

  /// The name of a file of which the other input has another size, or none; nil if they are alike.
  package func difference(from other: InputSkeleton) -> String? {
    func sizes(_ skeleton: InputSkeleton) -> [String: Int] {
      Dictionary(
        skeleton.groups.flatMap(\.files).map { ($0.name, $0.size ?? -1) }, uniquingKeysWith: max)
    }
    let (own, others) = (sizes(self), sizes(other))
    return Set(own.keys).union(others.keys).sorted().first { own[$0] != others[$0] }
  }
}

extension TraceInput {
  /// The input that a skeleton is of, none of whose parts can be read.
  ///
  /// - Parameter names: if not nil, groups without files of these names are left out.
  /// - Throws: `TraceError` for a skeleton that no input has.
  package init(_ skeleton: InputSkeleton, only names: Set<String>? = nil) throws(TraceError) {
    var parts = try skeleton.parts()
    if let names { parts.groups.removeAll { !$0.files.contains { names.contains($0.name) } } }
    guard !parts.groups.isEmpty else { throw TraceError(.damaged, "names no parts") }
    self.init(parts: parts)
  }
}

extension InputSkeleton {
  fileprivate func parts() throws(TraceError) -> TraceInput.Parts {
    var parts = TraceInput.Parts(path: path)
    for group in groups {
      guard let head = bytes(group.head), !group.files.isEmpty,
        group.numbers.isEmpty || group.numbers.count == group.files.count,
        head.count <= TraceInput.headLength, group.files.allSatisfy({ ($0.size ?? 0) >= 0 }),
        zip(group.numbers, group.numbers.dropFirst()).allSatisfy({ $0 < $1 }),
        group.numbers.allSatisfy({ (0...PartName.maximumTotal).contains($0) })
      else { throw TraceError(.damaged, "names parts that no trace has") }
      parts.groups.append(
        TraceInput.Group(
          files: group.files.map {
            TraceInput.File(
              name: $0.name, folder: $0.folder, baseName: $0.base, size: $0.size,
              location: .file(path: $0.name))
          }, numbers: group.numbers, total: group.total, head: head))
    }
    parts.passedOver = others.map {
      PassedOverFile($0.name, $0.reason, mayHoldRows: $0.mayHoldRows)
    }
    for (folder, text) in schemas { parts.schemas[folder] = bytes(text) }
    return parts
  }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

private func bytes(_ text: String) -> [UInt8]? {
  let digits = text.utf8.map { $0 < 0x3a ? Int($0) - 0x30 : Int($0) - 0x57 }
  guard digits.count % 2 == 0, digits.allSatisfy((0...15).contains) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
