/// Strings told apart by small numbers, given out in order of first appearance.
///
/// Number 0 is the empty string: "not known". Interning is O(length) on average.
public struct SymbolTable: Sendable, Equatable {
  /// The strings, by number.
  public private(set) var strings: [String] = [""]
  private var numbers: [String: UInt32] = ["": 0]

  /// A table that holds the empty string only.
  public init() {}

  /// The number of `string`, new or old.
  public mutating func intern(_ string: String) -> UInt32 {
    if let known = numbers[string] { return known }
    let number = UInt32(strings.count)
    strings.append(string)
    numbers[string] = number
    return number
  }

  /// The string of a number; empty for a number that was never given out.
  public subscript(number: UInt32) -> String {
    Int(number) < strings.count ? strings[Int(number)] : ""
  }

  /// The name of a user.
  public subscript(user: UserID) -> String { self[user.rawValue] }

  /// How many strings there are, the empty one included.
  public var count: Int { strings.count }
}
