/// The physical type of a column's values.
public enum ParquetType: Sendable, Hashable, CaseIterable {
  /// One bit a value.
  case boolean
  /// 32-bit signed integers.
  case int32
  /// 64-bit signed integers.
  case int64
  /// IEEE 754 single precision.
  case float
  /// IEEE 754 double precision.
  case double
  /// Byte strings. Written with the UTF-8 annotation; a column read from elsewhere may be plain
  /// binary, which its `annotation` tells.
  case string

  /// The name used in messages.
  public var name: String {
    switch self {
    case .boolean: "BOOLEAN"
    case .int32: "INT32"
    case .int64: "INT64"
    case .float: "FLOAT"
    case .double: "DOUBLE"
    case .string: "BYTE_ARRAY"
    }
  }
}

/// What a column's values mean beyond their physical type, as its file declares it.
///
/// The reader hands out physical values whatever the annotation: an unsigned integer as the bit
/// pattern of its signed twin, a decimal without its scale, a time in its unit.
public enum ParquetAnnotation: Sendable, Hashable {
  /// Nothing is declared.
  case none
  /// UTF-8 text (also ENUM and JSON).
  case string
  /// Days since 1970-01-01, in an INT32.
  case date
  /// Since 1970-01-01T00:00, or since midnight, in units of 10^-`decimals` s: 3, 6 or 9.
  case time(decimals: Int, sinceMidnight: Bool)
  /// What a clock somewhere showed (a TIMESTAMP that is not adjusted to UTC), counted as if it were UTC, in
  /// units of 10^-`decimals` s.
  case localTime(decimals: Int)
  /// How long something takes, in units of 10^-`decimals` s: 0, 3, 6 or 9. Told by the Arrow schema in the file's
  /// metadata, as pandas and polars write it.
  case duration(decimals: Int)
  /// An integer of fewer bits than its column, or unsigned.
  case integer(bitWidth: Int, isSigned: Bool)
  /// The value times 10^-`scale`.
  case decimal(precision: Int, scale: Int)
  /// IEEE 754 half precision.
  case halfFloat
  /// Something else (UUID, interval, BSON, ...).
  case other
}

/// One column of a table: a field, or one in a group that is there at most once (`group.field`).
public struct ParquetColumn: Sendable, Hashable {
  /// Its name, unique within the table and not empty; behind those of its groups, joined by dots.
  public var name: String
  /// The type of its values.
  public var type: ParquetType
  /// Whether rows may lack a value (OPTIONAL in the format's words; otherwise REQUIRED).
  public var isNullable: Bool
  /// What the values mean. The writer annotates `.string` columns and no others.
  public var annotation: ParquetAnnotation
  /// Whether a row holds a list of values: written as a group that may be missing, `list`, `element`.
  public var isList = false
  /// Of a column in groups: the definition level at which a row has a value, above 1 where groups may be missing too.
  var level: Int?

  /// The definition level at which a row has a value.
  var valueLevel: Int { level ?? (isNullable ? 1 : 0) }

  /// A column of `type` values; `isNullable` if rows may lack one.
  public init(_ name: String, _ type: ParquetType, isNullable: Bool = false) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    annotation = type == .string ? .string : .none
  }
}

/// A type of fixed-width values that a column can hold: `Bool`, `Int32`, `Int64`, `Float`,
/// `Double`. Do not conform other types.
public protocol ParquetValue: BitwiseCopyable, Sendable, Hashable {
  /// The physical type of a column of such values.
  static var parquetType: ParquetType { get }
  /// What stands in the slot of a null.
  static var parquetZero: Self { get }
}

extension Bool: ParquetValue {
  /// The physical type.
  @inlinable public static var parquetType: ParquetType { .boolean }
  /// What stands for a null.
  @inlinable public static var parquetZero: Bool { false }
}
extension Int32: ParquetValue {
  /// The physical type.
  @inlinable public static var parquetType: ParquetType { .int32 }
  /// What stands for a null.
  @inlinable public static var parquetZero: Int32 { 0 }
}
extension Int64: ParquetValue {
  /// The physical type.
  @inlinable public static var parquetType: ParquetType { .int64 }
  /// What stands for a null.
  @inlinable public static var parquetZero: Int64 { 0 }
}
extension Float: ParquetValue {
  /// The physical type.
  @inlinable public static var parquetType: ParquetType { .float }
  /// What stands for a null.
  @inlinable public static var parquetZero: Float { 0 }
}
extension Double: ParquetValue {
  /// The physical type.
  @inlinable public static var parquetType: ParquetType { .double }
  /// What stands for a null.
  @inlinable public static var parquetZero: Double { 0 }
}
