import Parquet

extension TestTable {
  /// A random table: any types, nullable or not, of shapes that lead to every encoding.
  static func random(using rng: inout SplitMix64, rows maximumRows: Int = 700) -> TestTable {
    let columns = (0..<Int.random(in: 1...8, using: &rng)).map { index in
      ParquetColumn(
        "c\(index)", ParquetType.allCases.randomElement(using: &rng)!,
        isNullable: Bool.random(using: &rng))
    }
    let groupSizes = (0..<Int.random(in: 0...4, using: &rng)).map { _ in
      Int.random(in: 1...(rng.chance(0.3) ? 20 : maximumRows), using: &rng)
    }
    let groups = groupSizes.map { rows in columns.map { random($0, rows, using: &rng) } }
    return TestTable(columns: columns, groups: groups, groupSizes: groupSizes)
  }

  static func random(
    _ column: ParquetColumn, _ rows: Int, using rng: inout SplitMix64
  ) -> TestValues {
    let nulls = column.isNullable ? [0, 0.02, 0.5, 1].randomElement(using: &rng)! : 0
    let runs = [0, 0.5, 0.97].randomElement(using: &rng)!
    let shape = Int.random(in: 0...3, using: &rng)
    func make<Value>(_ value: (Int, inout SplitMix64) -> Value) -> [Value?] {
      var last: Value?
      return (0..<rows).map { row in
        if rng.chance(nulls) { return nil }
        if last == nil || !rng.chance(runs) { last = value(row, &rng) }
        return last
      }
    }
    switch column.type {
    case .boolean: return .boolean(make { _, rng in Bool.random(using: &rng) })
    case .int32: return .int32(make { integer(shape, $0, &$1) })
    case .int64: return .int64(make { integer(shape, $0, &$1) })
    case .float:
      let few: [Float] = [0, -0.0, .nan, .infinity, -.infinity, 1.5, .leastNonzeroMagnitude]
      return .float(
        make { _, rng in
          shape == 0
            ? few.randomElement(using: &rng)!.bitPattern
            : UInt32.random(in: 0 ... .max, using: &rng)
        })
    case .double:
      let few: [Double] = [0, -0.0, .nan, .infinity, -.infinity, 0.1, .greatestFiniteMagnitude]
      return .double(
        make { _, rng in
          shape == 0
            ? few.randomElement(using: &rng)!.bitPattern
            : UInt64.random(in: 0 ... .max, using: &rng)
        })
    case .string: return .string(make { string(shape, $0, &$1) })
    }
  }

  /// 0: few distinct; 1: anything; 2: ascending; 3: the extremes.
  private static func integer<Value: FixedWidthInteger>(
    _ shape: Int, _ row: Int, _ rng: inout SplitMix64
  ) -> Value {
    switch shape {
    case 0: Value(Int8.random(in: -9...9, using: &rng))
    case 1: Value.random(in: .min ... .max, using: &rng)
    case 2: Value(row * 100 + Int.random(in: 0..<90, using: &rng))
    default: [.min, .max, 0, -1 as Value].randomElement(using: &rng)!
    }
  }

  private static func string(_ shape: Int, _ row: Int, _ rng: inout SplitMix64) -> String {
    switch shape {
    case 0: ["", "a", "Zürich", "日本語", "🦊", "a\u{0}b"].randomElement(using: &rng)!
    case 1:
      String(
        String.UnicodeScalarView(
          (0..<Int.random(in: 0...12, using: &rng)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &rng))
          }))
    case 2: "row \(row)"
    default: String(repeating: "\u{10ffff}xy", count: Int.random(in: 0...60, using: &rng))
    }
  }
}
