import Workload

/// Writes numbers and texts end to end: integers in as few bytes as they need, the sign in the lowest bit.
package struct FragmentEncoder {
  /// What was written.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// How many bytes were written.
  package var count: Int { bytes.count }

  package mutating func put(_ value: Int64) {
    var rest = UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func put(_ value: some FixedWidthInteger) {
    put(Int64(truncatingIfNeeded: value))
  }

  package mutating func put(_ value: Double) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func put(_ text: String) {
    put(text.utf8.count)
    bytes += text.utf8
  }

  package mutating func put(_ raw: UnsafeRawBufferPointer) { bytes += raw }

  /// Takes what was written away.
  package mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}

/// Reads what a `FragmentEncoder` wrote, or anything else without harm: at the first thing that cannot be
/// it says so and gives zeros from there on.
package struct FragmentDecoder {
  private let bytes: [UInt8]
  private var place = 0
  /// Whether something was read that was not written so.
  package private(set) var isDamaged = false

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether all was read.
  package var isAtEnd: Bool { isDamaged || place == bytes.count }

  package mutating func damage() { isDamaged = true }

  package mutating func integer() -> Int64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while !isDamaged, place < bytes.count, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1) }
      shift += 7
    }
    isDamaged = true
    return 0
  }

  /// An integer within a type's and a given range.
  package mutating func integer<Value: FixedWidthInteger>(
    _ type: Value.Type, in range: ClosedRange<Value> = Value.min...Value.max
  ) -> Value {
    let wide = integer()
    let value = Value(truncatingIfNeeded: wide)
    guard Int64(truncatingIfNeeded: value) == wide, range.contains(value) else {
      isDamaged = true
      return range.lowerBound
    }
    return value
  }

  package mutating func number() -> Double {
    guard !isDamaged, bytes.count - place >= 8 else {
      isDamaged = true
      return 0
    }
    defer { place += 8 }
    let pattern = bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
    return Double(bitPattern: pattern)
  }

  package mutating func text() -> String {
    let count = integer(Int.self)
    guard !isDamaged, count >= 0, count <= bytes.count - place else {
      isDamaged = true
      return ""
    }
    defer { place += count }
    return String(decoding: bytes[place..<place + count], as: UTF8.self)
  }

  /// How many of something follow, each of at least a byte.
  package mutating func count() -> Int {
    let count = integer(Int.self)
    guard !isDamaged, count >= 0, count <= bytes.count - place else {
      isDamaged = true
      return 0
    }
    return count
  }

  /// What is left.
  package mutating func rest() -> ArraySlice<UInt8> {
    defer { place = bytes.count }
    return isDamaged ? [] : bytes[place...]
  }
}

extension TaskRecord: FragmentItem {
  package func encode(to out: inout FragmentEncoder) {
    for value in [
      id.job, Int64(id.index), submit.rawValue, firstSchedule.rawValue, lastSchedule.rawValue,
      end.rawValue, waitTime.rawValue, runTime.rawValue, deadline.rawValue, estimate.rawValue,
    ] { out.put(value) }
    for amount in [request, maxRequest] {
      for value in [amount.cpu.nano, amount.memory.rawValue, amount.disk.rawValue, amount.milliGPU]
      {
        out.put(value)
      }
    }
    for value in [
      machine, Int64(user.rawValue), Int64(attempts), Int64(instances), Int64(priority),
      Int64(priorityClass.rawValue), Int64(schedulingClass), Int64(outcome.rawValue),
      Int64(flags.rawValue), Int64(kind),
    ] { out.put(value) }
  }

  package init(from input: inout FragmentDecoder) {
    func time() -> Microseconds { Microseconds(input.integer()) }
    let id = TaskID(job: input.integer(), index: input.integer(Int32.self))
    self.init(id: id, submit: time(), runTime: .zero, request: .zero)
    (firstSchedule, lastSchedule, end) = (time(), time(), time())
    (waitTime, runTime, deadline, estimate) = (time(), time(), time(), time())
    func amounts() -> Resources {
      var amounts = Resources.zero
      amounts.cpu = Cores(nano: input.integer())
      amounts.memory = Bytes(input.integer())
      amounts.disk = Bytes(input.integer())
      amounts.milliGPU = input.integer()
      return amounts
    }
    (request, maxRequest) = (amounts(), amounts())
    machine = input.integer()
    user = UserID(input.integer(UInt32.self))
    attempts = input.integer(Int32.self)
    instances = input.integer(Int32.self)
    priority = input.integer(Int16.self)
    priorityClass = PriorityClass(rawValue: input.integer(UInt8.self)) ?? .unknown
    schedulingClass = input.integer(Int8.self)
    outcome = Outcome(rawValue: input.integer(UInt8.self)) ?? .lost
    flags = Flags(rawValue: input.integer(UInt16.self))
    kind = input.integer(UInt16.self)
    if rangeIssue != nil { input.damage() }
  }
}

extension PartTally {
  func encode(to out: inout FragmentEncoder) {
    out.put(rows)
    out.put(comments)
    out.put(header.count)
    for line in header { out.put(line) }
    out.put(rejects.count)
    for row in rejects { row.encode(to: &out) }
  }

  init(from input: inout FragmentDecoder) {
    self.init(rows: input.integer(Int.self, in: 0...1 << 48))
    comments = input.integer(Int.self, in: 0...1 << 48)
    header = (0..<input.count()).map { _ in input.text() }
    rejects = (0..<input.count()).map { _ in RejectedRow(from: &input) }
  }
}
