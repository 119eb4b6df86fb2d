import Configuration
import Foundation
import Testing
import TraceInput
import Workload

@testable import TraceInput
@testable import TraceParsing

/// Texts that a mapping reads as times, lengths of time and amounts.
@Suite struct MappingTextTests {
  private func time(_ text: String, _ order: DateText.Order? = nil, zone: String = "UTC") -> String
  {
    var text = text
    return text.withUTF8 { bytes in
      do throws(DateText.Failure) {
        let date = try DateText(UnsafeRawBufferPointer(bytes), order)
        var clock = ZoneClock(ZoneClock.zone(named: zone) ?? .gmt)
        let time = clock.time(of: date)
        let marks = (clock.ambiguous > 0 ? " twice" : "") + (clock.skipped > 0 ? " never" : "")
        return "\(DateText.text(time)) \(time % 1_000_000)\(marks)"
      } catch {
        return error.reason
      }
    }
  }

  @Test func `dates and times of many forms`() {
    #expect(time("2020-06-09 18:41:01") == "2020-06-09T18:41:01Z 0")
    #expect(time("2020-06-09T18:41:01.5Z") == "2020-06-09T18:41:01Z 500000")
    #expect(time("2023-11-16 18:17:03.9799600") == "2023-11-16T18:17:03Z 979960")
    #expect(time("2024-01-01 00:00:00.123456789+08:00") == "2023-12-31T16:00:00Z 123457")
    #expect(time("2016-02-02 06:53:00-0700") == "2016-02-02T13:53:00Z 0")
    #expect(time("2017-10-03 00:08:00 PDT") == "2017-10-03T07:08:00Z 0")
    #expect(time("2020/02/29 12:00") == "2020-02-29T12:00:00Z 0")
    #expect(time("2020-02-29") == "2020-02-29T00:00:00Z 0")
    #expect(time("03.04.2013 10:00:00", .dayFirst) == "2013-04-03T10:00:00Z 0")
    #expect(time("03/04/2013 10:00:00", .monthFirst) == "2013-03-04T10:00:00Z 0")
    #expect(time("Tue Feb 02 06:53:00 PST 2016") == "2016-02-02T14:53:00Z 0")
    #expect(time("1969-12-31T23:59:59Z") == "1969-12-31T23:59:59Z 0")
  }

  @Test func `what is no date says why`() {
    #expect(time("2020-13-01 00:00:00") == "month 13")
    #expect(time("2021-02-29") == "day 29")
    #expect(time("2021-02-28 24:00:00") == "hour 24")
    #expect(time("2021-02-28 12:61:00") == "minute 61")
    #expect(time("2021-02-28 12:00:00 CST") == "'cst' is no zone that means one thing")
    #expect(time("2021-02-28 12:00:00 +8") == "a zone is written +08:00 or +0800")
    #expect(time("01/02/2021") == "day first or month first? form: day-first or month-first says")
    #expect(time("2021-02-28x") == "T or a blank stands between date and time")
    #expect(time("tomorrow") == "it does not begin with a date")
    #expect(time("") == "it does not begin with a date")
  }

  @Test func `hours that clocks show twice or never are told`() {
    let zone = "America/Los_Angeles"
    #expect(time("2017-11-05 01:30:00", zone: zone) == "2017-11-05T08:30:00Z 0 twice")
    #expect(time("2017-03-12 02:30:00", zone: zone) == "2017-03-12T10:30:00Z 0 never")
    #expect(time("2017-11-05 00:59:59", zone: zone) == "2017-11-05T07:59:59Z 0")
    #expect(time("2017-11-05 02:00:00", zone: zone) == "2017-11-05T10:00:00Z 0")
    #expect(time("2017-11-05 12:00:00", zone: "+08:00") == "2017-11-05T04:00:00Z 0")
  }

  /// Foundation's own calendar, over the years that traces are from.
  @Test func `days agree with another calendar`() {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    for day in stride(from: -40_000, through: 40_000, by: 37) {
      let date = Date(timeIntervalSince1970: Double(day) * 86400)
      let parts = calendar.dateComponents([.year, .month, .day], from: date)
      #expect(
        DateText.days(Int64(parts.year!), Int64(parts.month!), Int64(parts.day!)) == Int64(day))
    }
  }

  private func duration(_ text: String) -> Double? {
    var text = text
    return text.withUTF8 { QuantityText.duration(UnsafeRawBufferPointer($0)) }
  }

  @Test func `lengths of time`() {
    #expect(duration("1-02:03:04") == 93784)
    #expect(duration("02:03:04") == 7384)
    #expect(duration("03:04.5") == 184.5)
    #expect(duration("1-12") == 129_600)
    #expect(duration("2-01:30") == 178_200)
    #expect(duration("1 days 16:00:00") == 144_000)
    #expect(duration("0 days 00:00:01.5") == 1.5)
    #expect(duration("PT3H") == 10800)
    #expect(duration("P1DT2H3M4.5S") == 93784.5)
    #expect(duration("1h30m") == 5400)
    #expect(duration("250ms") == 0.25)
    for wrong in ["", "12:", ":12", "1:2:3:4", "PT", "P3H", "1-", "-1", "3x", "1 week 02:00:00"] {
      #expect(duration(wrong) == nil, "\(wrong)")
    }
  }

  private func size(_ text: String, _ letters: QuantityText.Letters) -> Double? {
    var text = text
    return text.withUTF8 { QuantityText.size(UnsafeRawBufferPointer($0), letters)?.value }
  }

  @Test func `sizes by whose letters they are`() {
    #expect(size("16Gn", .binary) == 16.0 * 1_073_741_824)
    #expect(size("4000Mc", .binary) == 4000.0 * 1_048_576)
    #expect(size("8gb", .binary) == 8.0 * 1_073_741_824)
    #expect(size("8Gi", .stated) == 8.0 * 1_073_741_824)
    #expect(size("1.5GB", .stated) == 1.5e9)
    #expect(size("8G", .stated) == nil)
    #expect(size("8G", .kubernetes) == 8e9)
    #expect(size("500m", .kubernetes) == 0.5)
    #expect(size("12Ei", .kubernetes) == 12.0 * 1_152_921_504_606_846_976)
    #expect(size("G", .binary) == nil && size("8X", .binary) == nil && size("", .binary) == nil)
  }

  @Test func `lists of resources and of names`() {
    func values(_ key: String, _ text: String) -> [String] {
      var text = text
      var found: [String] = []
      text.withUTF8 { bytes in
        QuantityText.values(of: Array(key.utf8), in: UnsafeRawBufferPointer(bytes)) {
          found.append(String(decoding: $0, as: UTF8.self))
        }
      }
      return found
    }
    let tres = "cpu=4,mem=8G,node=1,gres/gpu:a100=2,gres/gpu:v100=1"
    #expect(values("mem", tres) == ["8G"] && values("gres/gpu", tres) == ["2", "1"])
    #expect(values("gres/gpu", "gres/gpu=3,gres/gpu:a100=3") == ["3"])
    #expect(values("1", "1=20,2=170000,1001=1") == ["20"])
    #expect(values("mem", " cpu=4, mem=8G ,node=1 ") == ["8G"] && values("cpu", " cpu=4") == ["4"])
    #expect(values("start", "user=ann ctime=1 start=22 exec_host=a/0+b,c") == ["22"])
    func elements(_ text: String) -> [String] {
      var text = text
      return text.withUTF8 {
        QuantityText.elements(UnsafeRawBufferPointer($0), separator: UInt8(ascii: ";"))
          .map { String(decoding: $0, as: UTF8.self) }
      }
    }
    #expect(elements("['a', 'b']") == ["a", "b"] && elements("[1,2,3]") == ["1", "2", "3"])
    #expect(elements("a;b") == ["a", "b"] && elements("[]").isEmpty && elements("").isEmpty)
  }

  @Test func `stars in words`() {
    func isOne(_ text: String, _ pattern: String) -> Bool { fits(text.utf8, pattern.utf8) }
    #expect(isOne("CANCELLED by 1000", "CANCELLED*") && isOne("CANCELLED", "CANCELLED*"))
    #expect(isOne("12.batch", "*.*") && !isOne("12", "*.*") && isOne("abc", "a*c"))
    #expect(!isOne("abd", "a*c") && isOne("", "*") && isOne("", "") && !isOne("a", ""))
  }
}
