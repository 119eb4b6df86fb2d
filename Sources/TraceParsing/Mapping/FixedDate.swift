import TraceInput

/// Reads date-times of the form that most tables have, `2020-06-09 18:41:01`, with `T` in place of the
/// blank, up to nine decimals and a zone in numbers or `Z`. Whatever else there is, `DateText` reads; both
/// say the same of what this one takes.
enum FixedDate {
  /// The day that was read last: rows are near each other.
  struct Day {
    fileprivate var text: (UInt64, UInt16) = (0, 0)
    fileprivate var start = Int64(0)
  }

  /// Microseconds since 1970 of the clock's place and the seconds that it is east of Greenwich, where the
  /// text says; nil where it is not of this form. O(1).
  @inline(__always)
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ day: inout Day
  ) -> (local: Int64, offset: Int64?)? {
    let count = bytes.count
    guard count >= 19, count <= 35, bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T")
    else { return nil }
    let text = (
      bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    )
    if text != day.text {
      guard let start = dayStart(UnsafeRawBufferPointer(rebasing: bytes[..<10])) else { return nil }
      day = Day(text: text, start: start)
    }
    // hh:mm:ss as a word, the digits less '0', the colons less ':'.
    let word =
      bytes.loadUnaligned(fromByteOffset: 11, as: UInt64.self).littleEndian ^ 0x3030_3a30_303a_3030
    guard word & 0x0000_ff00_00ff_0000 == 0,
      (word &+ 0x7676_7676_7676_7676 | word) & 0x8080_8080_8080_8080 == 0
    else { return nil }
    func two(_ shift: UInt64) -> Int64 {
      Int64(truncatingIfNeeded: (word >> shift & 0xff) &* 10 &+ (word >> (shift &+ 8) & 0xff))
    }
    let (hour, minute, second) = (two(0), two(24), two(48))
    guard hour <= 23, minute <= 59, second <= 60 else { return nil }
    let whole = day.start &+ ((hour &* 60 &+ minute) &* 60 &+ second) &* 1_000_000
    if count == 19 { return (whole, nil) }
    return rest(bytes, whole)
  }

  /// Decimals and the zone.
  private static func rest(
    _ bytes: UnsafeRawBufferPointer, _ whole: Int64
  ) -> (local: Int64, offset: Int64?)? {
    var (place, local) = (19, whole)
    if bytes[place] == UInt8(ascii: ".") {
      place += 1
      let start = place
      var fraction = Int64(0)
      while place < bytes.count, bytes[place] &- 0x30 < 10 {
        fraction = fraction * 10 + Int64(bytes[place] - 0x30)
        place += 1
        if place - start > 9 { return nil }
      }
      guard place > start else { return nil }
      for _ in (place - start)..<9 { fraction *= 10 }
      local += (fraction + 500) / 1000
    }
    if place == bytes.count { return (local, nil) }
    let sign = bytes[place]
    if sign == UInt8(ascii: "Z") { return place + 1 == bytes.count ? (local, 0) : nil }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), bytes.count - place == 6,
      bytes[place + 3] == UInt8(ascii: ":")
    else { return nil }
    let digits = [1, 2, 4, 5].map { Int64(bytes[place + $0] &- 0x30) }
    guard digits.allSatisfy({ $0 < 10 }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours <= 14, minutes < 60 else { return nil }
    let seconds = hours * 3600 + minutes * 60
    return (local, sign == UInt8(ascii: "-") ? -seconds : seconds)
  }

  /// Microseconds from 1970 to the day of `2020-06-09`.
  private static func dayStart(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      [0, 1, 2, 3, 5, 6, 8, 9].allSatisfy({ bytes[$0] &- 0x30 < 10 })
    else { return nil }
    return (try? DateText(bytes, nil))?.local
  }
}
