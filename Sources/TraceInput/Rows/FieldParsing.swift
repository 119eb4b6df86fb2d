import Foundation

// Numbers from bytes. No locale, no allocation on the usual path.

/// The integer that all of `bytes` spell, with an optional sign; nil for anything else, overflow
/// included.
@usableFromInline package func parseInteger(_ bytes: UnsafeRawBufferPointer) -> Int64? {
  guard let first = bytes.first else { return nil }
  let negative = first == UInt8(ascii: "-")
  let start = negative || first == UInt8(ascii: "+") ? 1 : 0
  guard start < bytes.count else { return nil }
  var value: Int64 = 0
  for index in start..<bytes.count {
    let digit = bytes[index] &- UInt8(ascii: "0")
    guard digit < 10 else { return nil }
    // Accumulated below zero, where Int64.min fits too.
    let (scaled, tooLarge) = value.multipliedReportingOverflow(by: 10)
    let (next, overflow) = scaled.subtractingReportingOverflow(Int64(digit))
    guard !tooLarge, !overflow else { return nil }
    value = next
  }
  if negative { return value }
  return value == .min ? nil : -value
}

/// The integer that all of `bytes` spell, with zeros behind a point or without (`2`, `2.0`), as programs
/// write that keep integers as floating point. Every digit counts; `2e3` is none.
package func parseWholeNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? {
  guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return parseInteger(bytes) }
  guard bytes[(point + 1)...].allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
  return parseInteger(UnsafeRawBufferPointer(rebasing: bytes[..<point]))
}

/// Whether `bytes` are an integer as it is written when it is printed: `400`, not `+400` or `00400`.
package func isCanonicalInteger(_ bytes: UnsafeRawBufferPointer) -> Bool {
  let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
  guard let first = digits.first, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return false }
  return first != 0x30 || bytes.count == 1
}

/// Whether `bytes` are what pandas, polars and Spark write for a number that is none.
package func isNaN(_ bytes: UnsafeRawBufferPointer) -> Bool {
  bytes.count == 3 && bytes.elementsEqual("NaN".utf8, by: { $0 | 0x20 == $1 | 0x20 })
}

/// Powers of ten that are exact as Double.
@usableFromInline package let exactPowers: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

/// The correctly rounded number that all of `bytes` spell in decimal (`12`, `0.5`, `1e-05`); nil
/// for anything else: hexadecimal, `inf` and `nan` are not numbers of a trace.
///
/// Up to 15 digits and powers within ±22 are one exact multiplication or division (Clinger, "How
/// to read floating point numbers accurately", 1990); the rest goes to strtod.
@usableFromInline package func parseNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
  var index = 0
  let count = bytes.count
  var negative = false
  if index < count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
    negative = bytes[index] == UInt8(ascii: "-")
    index += 1
  }
  var mantissa: UInt64 = 0
  var significant = 0
  var digits = 0
  var exponent = 0
  var afterPoint = false
  while index < count {
    let byte = bytes[index]
    let digit = byte &- UInt8(ascii: "0")
    if digit < 10 {
      digits += 1
      if significant > 0 || digit > 0 { significant += 1 }
      if significant <= 19 { mantissa = mantissa &* 10 &+ UInt64(digit) }
      if afterPoint { exponent -= 1 }
    } else if byte == UInt8(ascii: "."), !afterPoint {
      afterPoint = true
    } else {
      break
    }
    index += 1
  }
  guard digits > 0 else { return nil }
  if index < count, bytes[index] | 0x20 == UInt8(ascii: "e") {
    guard
      let power = parseInteger(UnsafeRawBufferPointer(rebasing: bytes[(index + 1)...])),
      (-100_000...100_000).contains(power)
    else { return nil }
    exponent += Int(power)
    index = count
  }
  guard index == count else { return nil }
  if significant <= 15, (-22...22).contains(exponent) {
    let magnitude =
      exponent < 0
      ? Double(mantissa) / exactPowers[-exponent] : Double(mantissa) * exactPowers[exponent]
    return negative ? -magnitude : magnitude
  }
  let value = strtod(String(decoding: bytes, as: UTF8.self), nil)
  return value.isFinite ? value : nil
}

/// What `parseInteger` says of a field of a `RowBatch`, behind which there are bytes to read: up to
/// sixteen digits are taken eight at a time.
@inlinable @inline(__always)
package func parsePaddedInteger(_ bytes: UnsafeRawBufferPointer) -> Int64? {
  guard let base = bytes.baseAddress else { return nil }
  let count = bytes.count
  if count <= 8 {
    guard count > 0, let value = eightDigits(base, count) else { return parseInteger(bytes) }
    return Int64(bitPattern: value)
  }
  guard count <= 16, let high = eightDigits(base, count - 8),
    let low = eightDigits(base + count - 8, 8)
  else { return parseInteger(bytes) }
  return Int64(bitPattern: high &* 100_000_000 &+ low)
}

/// The number that `count` (1 to 8) digits spell, nil if one is no digit. Eight bytes are read.
///
/// The digits are moved to the end of the word, and the word is halved three times: pairs of digits,
/// of pairs, of fours (Lemire, "Number parsing at a gigabyte per second", 2021).
@inlinable @inline(__always)
package func eightDigits(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64? {
  let raw = bytes.loadUnaligned(as: UInt64.self).littleEndian ^ 0x3030_3030_3030_3030
  var word = raw << UInt64(truncatingIfNeeded: 64 &- 8 &* count)
  guard (word &+ 0x7676_7676_7676_7676 | word) & 0x8080_8080_8080_8080 == 0 else { return nil }
  word = word &* 10 &+ word >> 8
  let low = (word & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
  let high = ((word >> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
  return (low &+ high) >> 32
}

/// What `parseNumber` says of a field of a `RowBatch`. The usual forms, `12`, `0.0125` and
/// `2.412e-05`, are read here: where the digits are exact as a Double and so is the power of ten,
/// one division is correctly rounded.
@inlinable @inline(__always)
package func parsePaddedNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
  guard let start = bytes.baseAddress, bytes.count <= 18 else { return parseNumber(bytes) }
  let end = start + bytes.count
  var place = start
  var mantissa: UInt64 = 0
  var power = 0
  while place < end {
    let digit = place.load(as: UInt8.self) &- 0x30
    guard digit < 10 else { break }
    mantissa = mantissa &* 10 &+ UInt64(digit)
    place += 1
  }
  guard place > start else { return parseNumber(bytes) }
  if place < end, place.load(as: UInt8.self) == UInt8(ascii: ".") {
    place += 1
    let point = place
    while place < end {
      let digit = place.load(as: UInt8.self) &- 0x30
      guard digit < 10 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      place += 1
    }
    power = place - point
  }
  if place < end {
    // Two digits of a negative exponent, as %g writes it.
    guard end - place == 4, place.load(as: UInt8.self) | 0x20 == UInt8(ascii: "e"),
      place.load(fromByteOffset: 1, as: UInt8.self) == UInt8(ascii: "-")
    else { return parseNumber(bytes) }
    let tens = place.load(fromByteOffset: 2, as: UInt8.self) &- 0x30
    let ones = place.load(fromByteOffset: 3, as: UInt8.self) &- 0x30
    guard tens < 10, ones < 10 else { return parseNumber(bytes) }
    power += Int(tens) * 10 + Int(ones)
  }
  guard mantissa < 1 << 53, power <= 22 else { return parseNumber(bytes) }
  return Double(Int64(bitPattern: mantissa)) / exactPowers[power]
}

/// The number of a field of a `RowBatch` as `%g` usually writes it: one digit, or one digit, a point
/// and up to fourteen more, with or without a negative exponent of two digits. The digits are exact
/// as an integer and so is the power of ten, so one division is correctly rounded.
@inlinable @inline(__always)
package func plainFraction(_ bytes: UnsafeRawBufferPointer) -> Double? {
  guard let base = bytes.baseAddress, bytes.count > 0, bytes.count <= 16 else { return nil }
  let digit = UInt64(base.load(as: UInt8.self) &- 0x30)
  guard digit < 10 else { return nil }
  var places = bytes.count &- 2
  if places < 1 { return places < 0 ? Double(digit) : nil }
  guard base.load(fromByteOffset: 1, as: UInt8.self) == 0x2e else { return nil }
  var power = 0
  if places > 4, base.load(fromByteOffset: places &- 2, as: UInt8.self) == 0x65 {
    guard base.load(fromByteOffset: places &- 1, as: UInt8.self) == 0x2d,
      let exponent = eightDigits(base + places, 2)
    else { return nil }
    places &-= 4
    power = Int(truncatingIfNeeded: exponent)
  }
  power &+= places
  guard power <= 22 else { return nil }
  var value: UInt64
  if places <= 8 {
    guard let low = eightDigits(base + 2, places) else { return nil }
    value = low
  } else {
    guard let high = eightDigits(base + 2, places &- 8),
      let low = eightDigits(base + 2 + (places &- 8), 8)
    else { return nil }
    value = high &* 100_000_000 &+ low
  }
  return exactPowers.withUnsafeBufferPointer { powers in
    if digit > 0 { value &+= digit &* UInt64(powers[places]) }
    return Double(Int64(bitPattern: value)) / powers[power]
  }
}
