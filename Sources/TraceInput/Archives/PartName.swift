/// What a file's name says of its place in a series: `part-00017-of-00500.csv.gz` is number 17 of
/// 500 of `part-#-of-#`.
package struct PartName {
  /// The name with every number replaced by `#` and without its extensions.
  package let stem: String
  /// All numbers in the name.
  package let numbers: [Int]
  /// The number of the part: the one before `-of-`, otherwise the only one in the name.
  package let number: Int?
  /// The number after `-of-`.
  package let total: Int?

  /// No trace has more parts.
  package static let maximumTotal = 1_000_000

  /// Whether this part comes before `other` of the same stem.
  package func precedes(_ other: PartName) -> Bool {
    numbers.lexicographicallyPrecedes(other.numbers)
  }

  package init(_ name: String) {
    var bare = name[...]
    for suffix in [".gz", ".xz", ".zst", ".bz2", ".lz4", ".csv", ".json", ".ndjson", ".parquet"]
    where bare.hasSuffix(suffix) { bare = bare.dropLast(suffix.count) }
    var stem = ""
    var numbers: [Int] = []
    var rest = bare
    while let first = rest.first {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      if digits.isEmpty {
        stem.append(first)
        rest = rest.dropFirst()
      } else {
        stem.append("#")
        numbers.append(Int(digits) ?? .max)
        rest = rest.dropFirst(digits.count)
      }
    }
    self.stem = stem
    self.numbers = numbers
    if stem.contains("#-of-#") {
      number = numbers.dropLast().last
      total = numbers.last
    } else {
      number = numbers.count == 1 ? numbers[0] : nil
      total = nil
    }
  }
}
