import Diagnostics
import Foundation
import Tables
import TraceInput

/// A date-time as a text says it: ISO 8601 and its relatives, days first, months first, and the
/// long form with a weekday.
struct DateText {
  /// In which order a date with the year last names day and month.
  enum Order: String, CaseIterable, Sendable {
    case dayFirst = "day-first"
    case monthFirst = "month-first"
  }

  /// Microseconds since 1970-01-01 00:00 of the place whose clock is read.
  private(set) var local: Int64
  /// Seconds east of Greenwich, where the text says.
  private(set) var offset: Int64?

  /// What is wrong with a text that is no date-time.
  struct Failure: Error {
    let reason: String
  }

  /// Reads all of `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, _ order: Order?) throws(Failure) {
    var scanner = Scanner(bytes)
    let isLong = scanner.next.map { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a } ?? false
    if isLong {
      (local, offset) = try scanner.long()
    } else {
      let day = try scanner.date(order)
      let time = try scanner.timeBehindDate()
      (local, offset) = (day * 86_400_000_000 + time, try scanner.zone())
    }
    guard scanner.isAtEnd else { throw Failure(reason: "more stands behind it") }
  }

  /// Whether a text begins as a date does: four digits and a dash or slash, or a weekday's name.
  static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 8 else { return false }
    return (0..<4).allSatisfy { bytes[$0] &- 0x30 < 10 } && (bytes[4] == 0x2d || bytes[4] == 0x2f)
  }

  /// Days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level
  /// date algorithms", 2013).
  static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// `2020-06-09T18:41:01Z` of microseconds since 1970.
  static func text(_ microseconds: Int64) -> String {
    let seconds =
      microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
    let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    let rest = seconds - days * 86400
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let place = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * place + 2) / 5 + 1
    let month = place < 10 ? place + 3 : place - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60))"
      + ":\(two(rest % 60))Z"
  }
}

extension DateText {
  /// Walks through the text.
  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var place = 0

    private static let months = [
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    /// Names of zones that mean one thing; CST, IST and others mean several.
    private static let zones: [String: Int64] = [
      "z": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6,
      "pst": -8, "pdt": -7, "cet": 1, "cest": 2,
    ]

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var next: UInt8? { place < bytes.count ? bytes[place] : nil }
    var isAtEnd: Bool { place == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte else { return false }
      place += 1
      return true
    }

    mutating func skipBlanks() { while next == 0x20 { place += 1 } }

    /// Up to `limit` digits as a number, and how many there were.
    mutating func digits(_ limit: Int) -> (value: Int64, count: Int) {
      var (value, count) = (Int64(0), 0)
      while count < limit, let byte = next, byte &- 0x30 < 10 {
        value = value * 10 + Int64(byte - 0x30)
        (count, place) = (count + 1, place + 1)
      }
      return (value, count)
    }

    mutating func number(
      _ name: String, _ limit: Int, in range: ClosedRange<Int64>
    ) throws(Failure) -> Int64 {
      let (value, count) = digits(limit)
      guard count > 0 else { throw Failure(reason: "no \(name) where one stands") }
      guard range.contains(value) else { throw Failure(reason: "\(name) \(value)") }
      return value
    }

    mutating func word() -> String {
      let start = place
      while let byte = next, (0x61...0x7a).contains(byte | 0x20) { place += 1 }
      return String(decoding: bytes[start..<place], as: UTF8.self).lowercased()
    }

    private func day(_ year: Int64, _ month: Int64, _ day: Int64) throws(Failure) -> Int64 {
      guard (1...12).contains(month) else { throw Failure(reason: "month \(month)") }
      let length: Int64
      switch month {
      case 2: length = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
      case 4, 6, 9, 11: length = 30
      default: length = 31
      }
      guard day >= 1, day <= length else { throw Failure(reason: "day \(day)") }
      return DateText.days(year, month, day)
    }

    /// A date, as days since 1970.
    mutating func date(_ order: Order?) throws(Failure) -> Int64 {
      let (first, count) = digits(4)
      guard count > 0, let separator = next, "-/.".utf8.contains(separator) else {
        throw Failure(reason: "it does not begin with a date")
      }
      place += 1
      let second = try number("month", 2, in: 0...99)
      guard take(separator) else { throw Failure(reason: "it does not begin with a date") }
      if count == 4 {
        return try day(first, second, try number("day", 2, in: 0...99))
      }
      let year = digits(4)
      guard year.count == 4 else { throw Failure(reason: "no year of four digits") }
      guard let order else {
        throw Failure(reason: "day first or month first? form: day-first or month-first says")
      }
      return order == .dayFirst
        ? try day(year.value, second, first) : try day(year.value, first, second)
    }

    /// `T` or blanks, and a time of the day in microseconds; 0 where the text ends.
    mutating func timeBehindDate() throws(Failure) -> Int64 {
      if isAtEnd { return 0 }
      if !take(UInt8(ascii: "T")), !take(UInt8(ascii: "t")) {
        guard next == 0x20 else {
          throw Failure(reason: "T or a blank stands between date and time")
        }
        skipBlanks()
      }
      return try time()
    }

    /// `hh:mm`, `hh:mm:ss` with up to nine decimals.
    mutating func time() throws(Failure) -> Int64 {
      let hour = try number("hour", 2, in: 0...23)
      guard take(UInt8(ascii: ":")) else { throw Failure(reason: "no minute") }
      let minute = try number("minute", 2, in: 0...59)
      var time = (hour * 60 + minute) * 60_000_000
      guard take(UInt8(ascii: ":")) else { return time }
      time += try number("second", 2, in: 0...60) * 1_000_000
      guard take(UInt8(ascii: ".")) || take(UInt8(ascii: ",")) else { return time }
      var (fraction, count) = digits(9)
      guard count > 0 else { throw Failure(reason: "no decimals behind the point") }
      while count < 9 { (fraction, count) = (fraction * 10, count + 1) }
      return time + (fraction + 500) / 1000
    }

    /// The zone, in seconds east; nil where none is said.
    mutating func zone() throws(Failure) -> Int64? {
      skipBlanks()
      guard let sign = next else { return nil }
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        place += 1
        let (value, count) = digits(4)
        var (hours, minutes) = (value, Int64(0))
        if count == 4 {
          (hours, minutes) = (value / 100, value % 100)
        } else if count == 2 {
          if take(UInt8(ascii: ":")) { minutes = try number("zone's minute", 2, in: 0...59) }
        } else {
          throw Failure(reason: "a zone is written +08:00 or +0800")
        }
        guard hours <= 14, minutes < 60 else { throw Failure(reason: "zone \(hours):\(minutes)") }
        let seconds = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
      }
      let name = word()
      guard let hours = Self.zones[name] else {
        throw Failure(reason: "'\(name.prefix(20))' is no zone that means one thing")
      }
      return hours * 3600
    }

    /// `Tue Feb 2 06:53:00 PST 2016`, or `Feb 2 2016 06:53:00`.
    mutating func long() throws(Failure) -> (Int64, Int64?) {
      var name = word()
      if !Self.months.contains(String(name.prefix(3))) {
        _ = take(UInt8(ascii: ","))
        skipBlanks()
        name = word()
      }
      guard let month = Self.months.firstIndex(of: String(name.prefix(3))) else {
        throw Failure(reason: "it does not begin with a date")
      }
      skipBlanks()
      let dayOfMonth = try number("day", 2, in: 0...99)
      _ = take(UInt8(ascii: ","))
      skipBlanks()
      var year: Int64?
      let start = place
      let (value, count) = digits(4)
      if count == 4 { year = value } else { place = start }
      skipBlanks()
      let clock = try time()
      var offset: Int64?
      skipBlanks()
      if let byte = next, byte &- 0x30 >= 10 { offset = try zone() }
      skipBlanks()
      if year == nil { year = try number("year", 4, in: 1970...9999) }
      let days = try day(year ?? 1970, Int64(month) + 1, dayOfMonth)
      return (days * 86_400_000_000 + clock, offset)
    }
  }
}

/// Turns what clocks show into time: with the zone that a text states, or one that the mapping does.
struct ZoneClock {
  private let zone: TimeZone
  /// Offsets by quarter of an hour of the local clock, of late, by the last bits of the quarter.
  private var known = [Known](repeating: Known(), count: 1024)
  /// What was seen.
  var counts = Counts()

  /// What a clock counts.
  struct Counts: Sendable {
    /// Times in an hour that the clock shows twice.
    var ambiguous = 0
    /// Times in an hour that the clock leaves out.
    var skipped = 0
    /// Times that stated no zone.
    var zoneless = 0

    mutating func add(_ other: Counts) {
      ambiguous += other.ambiguous
      skipped += other.skipped
      zoneless += other.zoneless
    }
  }

  /// Times in an hour that the clock shows twice.
  var ambiguous: Int { counts.ambiguous }
  /// Times in an hour that the clock leaves out.
  var skipped: Int { counts.skipped }

  private enum Kind { case plain, twice, never }

  private struct Known {
    var quarter = Int64.min
    var offset = Int64(0)
    var kind = Kind.plain
  }

  init(_ zone: TimeZone) { self.zone = zone }

  /// The zone called `name`: `UTC`, `+08:00`, `Asia/Shanghai`; nil if there is none.
  static func zone(named name: String) -> TimeZone? {
    if let first = name.utf8.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
      let digits = name.dropFirst().filter { $0 != ":" }
      guard digits.count == 4, let value = Int(digits), value / 100 <= 14, value % 100 < 60 else {
        return nil
      }
      let seconds = value / 100 * 3600 + value % 100 * 60
      return TimeZone(secondsFromGMT: first == UInt8(ascii: "-") ? -seconds : seconds)
    }
    return TimeZone(identifier: name)
  }

  /// Microseconds since 1970-01-01 UTC.
  mutating func time(of text: DateText) -> Int64 { time(local: text.local, offset: text.offset) }

  /// The same of what a clock shows in microseconds since 1970, and the seconds that it is east of
  /// Greenwich where that is known.
  @inline(__always)
  mutating func time(local: Int64, offset: Int64?) -> Int64 {
    if let offset { return local - offset * 1_000_000 }
    counts.zoneless += 1
    let quarter = local / 900_000_000
    let place = Int(truncatingIfNeeded: quarter & 1023)
    if known[place].quarter != quarter {
      let (offset, kind) = self.offset(quarter * 900)
      known[place] = Known(quarter: quarter, offset: offset, kind: kind)
    }
    switch known[place].kind {
    case .plain: break
    case .twice: counts.ambiguous += 1
    case .never: counts.skipped += 1
    }
    return local - known[place].offset * 1_000_000
  }

  /// The offset at a local time: the earlier of two where the clock shows the hour twice, the one
  /// before where it leaves it out.
  private func offset(_ local: Int64) -> (offset: Int64, kind: Kind) {
    func offset(at time: Int64) -> Int64 {
      Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time))))
    }
    let before = offset(at: local - 86400)
    let after = offset(at: local + 86400)
    if before == after { return (before, .plain) }
    let fits = [before, after].filter { offset(at: local - $0) == $0 }
    if fits.count == 2 { return (max(before, after), .twice) }
    return fits.first.map { ($0, .plain) } ?? (before, .never)
  }
}
