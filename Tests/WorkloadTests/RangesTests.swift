import Testing
import Workload

@Suite struct RangesTests {
  private var record: TaskRecord {
    TaskRecord(id: TaskID(job: 1), submit: .zero, runTime: Microseconds(1), request: .zero)
  }

  /// Each field of a record, at both ends of its range and beyond them.
  @Test func everyFieldHasEnds() {
    func ends(_ range: ClosedRange<Int64>, _ set: (inout TaskRecord, Int64) -> Void) {
      for (value, isIn) in [
        (range.lowerBound, true), (range.upperBound, true), (range.lowerBound - 1, false),
        (range.upperBound + 1, false), (Int64.min, false),
      ] {
        var record = record
        set(&record, value)
        #expect((record.rangeIssue == nil) == isIn, "\(value)")
      }
    }
    ends(Ranges.time) { $0.submit = Microseconds($1) }
    ends(Ranges.time) { $0.runTime = Microseconds($1) }
    ends(Ranges.time) { $0.waitTime = Microseconds($1) }
    ends(Ranges.time) { $0.firstSchedule = Microseconds($1) }
    ends(Ranges.time) { $0.lastSchedule = Microseconds($1) }
    ends(Ranges.time) { $0.end = Microseconds($1) }
    ends(Ranges.time) { $0.deadline = Microseconds($1) }
    ends(Ranges.time) { $0.estimate = Microseconds($1) }
    ends(Ranges.amount) { $0.request.cpu = Cores(nano: $1) }
    ends(Ranges.amount) { $0.maxRequest.memory = Bytes($1) }
    ends(Ranges.amount) { $0.request.disk = Bytes($1) }
    ends(Ranges.milliGPU) { $0.request.milliGPU = $1 }
    ends(Ranges.instances) { $0.instances = Int32(clamping: $1) }
    ends(Ranges.attempts) { $0.attempts = Int32(clamping: $1) }
    #expect(record.rangeIssue == nil)
  }

  /// The sums that the documentation promises: the largest of everything does not overflow.
  @Test func theLargestAddUp() {
    let largest = Resources(
      cpu: Cores(nano: Ranges.amount.upperBound), memory: Bytes(Ranges.amount.upperBound),
      disk: Bytes(Ranges.amount.upperBound), milliGPU: Ranges.milliGPU.upperBound)
    let total = Resources(
      cpu: Cores(nano: Ranges.total.upperBound), memory: Bytes(Ranges.total.upperBound),
      disk: Bytes(Ranges.total.upperBound), milliGPU: Ranges.total.upperBound)
    let sum = total + total - total + largest
    #expect(sum - largest == total)
    #expect(Microseconds(seconds: Ranges.seconds.upperBound).isInRange)
    #expect(Cores(Ranges.cores.upperBound).nano <= Ranges.amount.upperBound)
    #expect(Microseconds(seconds: .infinity).clamped.isInRange)
  }

  @Test func sumsOfAnyNumberAreExact() {
    let part = Resources(cpu: Cores(nano: .max), memory: Bytes(3), milliGPU: 1)
    var sum = ResourceSum()
    for _ in 0..<1000 { sum += part }
    #expect(sum.clamped.cpu.nano == 1 << 62)
    for _ in 0..<999 { sum -= part }
    #expect(sum.clamped.memory == Bytes(3))
    sum -= part
    #expect(sum == ResourceSum())
  }

  /// Names that Swift reads as C's hexadecimal are no numbers.
  @Test func numbersAreDecimal() {
    for (text, value) in [
      ("0", 0), ("-3", -3), ("+0.5", 0.5), ("1e6", 1e6), (".5", 0.5), ("5.", 5),
    ] {
      #expect(DecimalText.number(text) == value, "\(text)")
    }
    for text in ["0x2", "0X1F", "-0x1p4", "0x", "", " 1", "1 ", "1,5", "1_000", "one"] {
      #expect(DecimalText.number(text) == nil, "\(text)")
    }
    #expect(DecimalText.number("nan")?.isNaN == true && DecimalText.number("-inf") == -.infinity)
  }
}
