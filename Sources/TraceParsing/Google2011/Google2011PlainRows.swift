import TraceInput
import Workload

/// The quick way for rows of `task_events` as they are published: columns in their order, digits and
/// fractions without signs. It takes what it knows and leaves the first other row, good or bad, to
/// the way that all tables go.
extension Google2011PartReader {
  /// Decodes plain rows of the batch in hand, as many as there are and `events` has room for, and
  /// returns how many.
  mutating func takePlain(
    into events: UnsafeMutableBufferPointer<LifecycleEvent>,
    _ decoder: inout Google2011EventDecoder
  ) -> Int {
    let (places, ends, base) = (batch.rows, batch.ends, UnsafeRawPointer(batch.base))
    let limit = min(batch.count - position, events.count)
    guard limit > 0, let events = events.baseAddress else { return 0 }
    var (last, first) = (lastTime.rawValue, earliest.rawValue)
    let tolerance = tolerance
    var taken = 0
    while taken < limit {
      let place = places[position &+ taken]
      guard place.end &- place.first == 13 else { break }
      let fields = PlainFields(
        base: base, ends: UnsafePointer(ends + Int(place.first)), start: Int(place.start))
      guard let time = fields.digits(0), time <= Ranges.time.upperBound,
        Microseconds(time) + tolerance >= Microseconds(last),
        Self.decode(fields, time, &decoder, into: events + taken)
      else { break }
      first = min(first, time)
      last = max(last, time)
      taken &+= 1
    }
    lastTime = Microseconds(last)
    earliest = Microseconds(first)
    position += taken
    rows += taken
    return taken
  }

  /// Decodes a row to `place`, which is not touched where it is not plain.
  @inline(__always)
  private static func decode(
    _ fields: PlainFields, _ time: Int64, _ decoder: inout Google2011EventDecoder,
    into place: UnsafeMutablePointer<LifecycleEvent>
  ) -> Bool {
    guard let job = fields.digits(2), let index = fields.digits(3), index <= Int64(Int32.max),
      let code = fields.digit(5), code <= 8, let kind = LifeEvent(rawValue: code)
    else { return false }
    var machine: Int64 = -1
    if !fields.isEmpty(4) {
      guard let number = fields.digits(4) else { return false }
      machine = number
    }
    var missing: Int?
    if !fields.isEmpty(1) {
      guard let reason = fields.digit(1), reason <= 2 else { return false }
      missing = Int(reason)
    }
    let end = fields[6...12]
    guard
      var event = decoder.rowEnds.event(end, job: job)
        ?? newEvent(fields, job: job, &decoder)
    else { return false }
    event.id = TaskID(job: job, index: Int32(truncatingIfNeeded: index))
    event.kind = kind
    event.time = Microseconds(time)
    event.machine = machine
    if missing != nil { event.flags.insert(.missingInfo) }
    decoder.countEvent(event.time, code: Int(code), missing: missing)
    place.initialize(to: event)
    return true
  }

  /// An event with what the end of a row says, from the user on, which is kept.
  @inline(never)
  private static func newEvent(
    _ fields: PlainFields, job: Int64, _ decoder: inout Google2011EventDecoder
  ) -> LifecycleEvent? {
    guard let priority = fields.digits(8), priority <= Int64(Int16.max),
      let cpu = fields.amount(9), let memory = fields.amount(10), let disk = fields.amount(11)
    else { return nil }
    var event = LifecycleEvent(id: TaskID(job: job), kind: .submit, time: .zero)
    event.request = NormalisedRequest(cpu: cpu, memory: memory, disk: disk)
    if !fields.isEmpty(7) {
      guard let schedulingClass = fields.digit(7), schedulingClass <= 3 else { return nil }
      event.schedulingClass = Int8(schedulingClass)
    }
    if !fields.isEmpty(12) {
      guard let flag = fields.digit(12), flag <= 1 else { return nil }
      if flag == 1 { event.flags.insert(.differentMachines) }
    }
    event.priority = Int16(truncatingIfNeeded: priority)
    event.priorityClass = Google2011EventDecoder.priorityClass(priority)
    event.user = UserID(decoder.users.intern(fields[6]))
    decoder.rowEnds.keep(event, fields[6...12], job: job)
    return event
  }
}

/// The fields of a row in a `RowBatch`, behind each of which there are bytes to read.
private struct PlainFields {
  let base: UnsafeRawPointer
  let ends: UnsafePointer<UInt32>
  let start: Int

  @inline(__always) private func start(_ field: Int) -> Int {
    field == 0 ? start : Int(ends[field &- 1]) &+ 1
  }

  @inline(__always) subscript(field: Int) -> UnsafeRawBufferPointer {
    let start = start(field)
    return UnsafeRawBufferPointer(start: base + start, count: Int(ends[field]) &- start)
  }

  /// Some fields one behind the other, with what is between them.
  @inline(__always) subscript(fields: ClosedRange<Int>) -> UnsafeRawBufferPointer {
    let start = start(fields.lowerBound)
    return UnsafeRawBufferPointer(start: base + start, count: Int(ends[fields.upperBound]) &- start)
  }

  @inline(__always) func isEmpty(_ field: Int) -> Bool { start(field) == Int(ends[field]) }

  /// A field of one to sixteen digits.
  @inline(__always) func digits(_ field: Int) -> Int64? {
    let bytes = self[field]
    guard bytes.count &- 1 < 16, !bytes.isEmpty else { return nil }
    let place = base + start(field)
    if bytes.count <= 8 {
      guard let value = eightDigits(place, bytes.count) else { return nil }
      return Int64(bitPattern: value)
    }
    guard let high = eightDigits(place, bytes.count &- 8),
      let low = eightDigits(place + (bytes.count &- 8), 8)
    else { return nil }
    return Int64(bitPattern: high &* 100_000_000 &+ low)
  }

  /// A field of one digit.
  @inline(__always) func digit(_ field: Int) -> UInt8? {
    let start = start(field)
    guard Int(ends[field]) &- start == 1 else { return nil }
    let digit = base.load(fromByteOffset: start, as: UInt8.self) &- 0x30
    return digit < 10 ? digit : nil
  }

  /// A share of the largest machine, NaN for an empty field.
  func amount(_ field: Int) -> Double? {
    let bytes = self[field]
    if bytes.isEmpty { return .nan }
    if let value = plainFraction(bytes) { return value }
    guard let value = parsePaddedNumber(bytes), Ranges.share.contains(value) else {
      return nil
    }
    return value
  }
}
