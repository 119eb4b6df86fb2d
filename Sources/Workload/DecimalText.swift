/// Numbers as people and other tools write them.
public enum DecimalText {
  /// The number that `text` writes in decimal, such as `0.5`, `-3` or `1e6`; nil if it writes none.
  ///
  /// Swift's `Double(text)` reads C's hexadecimal too: a name such as `0x1F` of a trace would become 31. `nan` and `inf`
  /// are read as Swift reads them, for other tools write them; whoever asks says whether they are wanted.
  /// O(length of `text`).
  public static func number(_ text: some StringProtocol) -> Double? {
    guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }) else { return nil }
    return Double(text)
  }
}
