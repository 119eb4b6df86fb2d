import Workload

/// Lives as bytes. Fifteen values, each without its leading zero bytes behind a word that says how
/// many bytes each has; times are differences to one another, so most take few bytes or none. A life
/// takes some 45 bytes in place of 200.
extension Lifecycle {
  /// The most bytes that `pack` writes to; more than it uses.
  static let maximumPackedSize = 8 + 15 * 8 + MemoryLayout<RequestSet>.size + 8

  /// Writes the life to `out`, where `maximumPackedSize` bytes can be written to, and returns how
  /// many it takes.
  ///
  /// - Parameters:
  ///   - out: where.
  ///   - set: the number of the life's requests in a table, 0 to write them too.
  func pack(to out: UnsafeMutableRawPointer, requests set: UInt16) -> Int {
    var place = 8
    var header: UInt64 = 0
    @inline(__always) func put(_ slot: UInt64, _ value: UInt64) {
      out.storeBytes(of: value.littleEndian, toByteOffset: place, as: UInt64.self)
      let size = (71 &- value.leadingZeroBitCount) &>> 3
      header |= UInt64(truncatingIfNeeded: size) &<< (4 &* slot)
      place &+= size
    }
    @inline(__always) func put(_ slot: UInt64, _ value: Int64, from base: Int64) {
      put(slot, zigzag(value &- base))
    }
    put(0, UInt64(truncatingIfNeeded: Self.word(of: self)))
    put(1, id.job, from: 0)
    put(2, Int64(id.index), from: 0)
    put(3, seen.rawValue, from: 0)
    put(4, submit.rawValue, from: seen.rawValue)
    put(5, firstTime.rawValue, from: seen.rawValue)
    put(6, firstSchedule.rawValue, from: submit.rawValue)
    put(7, lastSchedule.rawValue, from: firstSchedule.rawValue)
    put(8, since.rawValue, from: lastSchedule.rawValue)
    put(9, waited.rawValue, from: firstSchedule.rawValue &- submit.rawValue)
    put(10, ran.rawValue, from: since.rawValue &- lastSchedule.rawValue)
    put(11, machine, from: -1)
    put(12, UInt64(set) | UInt64(user.rawValue) << 16)
    put(13, UInt64(UInt32(bitPattern: attempts)))
    put(
      14,
      UInt64(UInt32(bitPattern: leadingPendingUpdates))
        | UInt64(UInt32(bitPattern: leadingRunningUpdates)) << 32)
    if set == 0 {
      out.storeBytes(of: requests, toByteOffset: place, as: RequestSet.self)
      place += MemoryLayout<RequestSet>.size
    }
    out.storeBytes(of: header.littleEndian, as: UInt64.self)
    return place
  }

  /// Writes a packed life once more, with other numbers of its user and its requests, as `pack` would write it.
  ///
  /// - Parameters:
  ///   - bytes: the life, whose requests have a number; some bytes behind it are read.
  ///   - size: how many bytes it takes.
  ///   - out: where, as for `pack`.
  ///   - set: the number of its requests, not 0.
  ///   - user: the number of its user.
  @inline(__always)
  static func repack(
    _ bytes: UnsafeRawPointer, size: Int, to out: UnsafeMutableRawPointer, requests set: UInt16,
    user: UInt32
  ) -> Int {
    let header = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    let before = 8 &+ sum(ofNibbles: header & (1 << 48 - 1))
    let behind = before &+ Int(truncatingIfNeeded: header >> 48 & 15)
    var place = 0
    while place < before {
      out.storeBytes(
        of: (bytes + place).loadUnaligned(as: SIMD16<UInt8>.self), toByteOffset: place,
        as: SIMD16<UInt8>.self)
      place &+= 16
    }
    let names = UInt64(set) | UInt64(user) << 16
    let length = (71 &- names.leadingZeroBitCount) &>> 3
    out.storeBytes(of: names.littleEndian, toByteOffset: before, as: UInt64.self)
    out.storeBytes(
      of: (bytes + behind).loadUnaligned(as: SIMD16<UInt8>.self), toByteOffset: before &+ length,
      as: SIMD16<UInt8>.self)
    let lengths = header & ~(15 << 48) | UInt64(truncatingIfNeeded: length) << 48
    out.storeBytes(of: lengths.littleEndian, as: UInt64.self)
    return size &- behind &+ before &+ length
  }

  /// The small things, the often empty ones above.
  private static func word(of life: Lifecycle) -> Int64 {
    let kinds =
      Int64(life.state.rawValue) | Int64(life.first.rawValue) << 3
      | Int64(life.lastEnd.rawValue) << 7 | (life.hasTransition ? 1 << 11 : 0)
    let classes =
      Int64(life.priorityClass.rawValue) << 12 | Int64(UInt8(bitPattern: life.schedulingClass))
      << 15
    return kinds | classes | Int64(UInt16(bitPattern: life.priority)) << 23
      | Int64(life.flags.rawValue) << 39 | (life.hasWaited ? 1 << 55 : 0)
      | (life.hasRun ? 1 << 56 : 0)
  }

  /// Reads a life that `pack` wrote, and says how many bytes it took and the number of its requests
  /// (0 where they were written too). Without a table requests that have a number stay unknown. Words
  /// beyond its end are read.
  init(
    packed bytes: UnsafeRawPointer, _ requests: UnsafeBufferPointer<RequestSet>?,
    size: inout Int, set: inout UInt16
  ) {
    let header = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    var place = 8
    @inline(__always) func take(_ slot: UInt64) -> UInt64 {
      let size = (header &>> (4 &* slot)) & 15
      let word = UInt64(
        littleEndian: (bytes + place).loadUnaligned(as: UInt64.self))
      place &+= Int(truncatingIfNeeded: size)
      return word & ~((UInt64.max &<< (4 &* size)) &<< (4 &* size))
    }
    @inline(__always) func time(_ slot: UInt64, from base: Int64) -> Microseconds {
      Microseconds(unzigzag(take(slot)) &+ base)
    }
    let word = take(0)
    let job = unzigzag(take(1))
    let index = Int32(truncatingIfNeeded: unzigzag(take(2)))
    self.init(id: TaskID(job: job, index: index))
    state = LifeState(rawValue: UInt8(word & 7)) ?? .unsubmitted
    first = LifeEvent(rawValue: UInt8(word >> 3 & 15)) ?? .submit
    lastEnd = LifeEvent(rawValue: UInt8(word >> 7 & 15)) ?? .lost
    hasTransition = word >> 11 & 1 == 1
    priorityClass = PriorityClass(rawValue: UInt8(word >> 12 & 7)) ?? .unknown
    schedulingClass = Int8(truncatingIfNeeded: word >> 15 & 255)
    priority = Int16(truncatingIfNeeded: word >> 23)
    flags = TaskRecord.Flags(rawValue: UInt16(truncatingIfNeeded: word >> 39))
    hasWaited = word >> 55 & 1 == 1
    hasRun = word >> 56 & 1 == 1
    seen = time(3, from: 0)
    submit = time(4, from: seen.rawValue)
    firstTime = time(5, from: seen.rawValue)
    firstSchedule = time(6, from: submit.rawValue)
    lastSchedule = time(7, from: firstSchedule.rawValue)
    since = time(8, from: lastSchedule.rawValue)
    waited = time(9, from: firstSchedule.rawValue &- submit.rawValue)
    ran = time(10, from: since.rawValue &- lastSchedule.rawValue)
    machine = unzigzag(take(11)) &- 1
    let names = take(12)
    set = UInt16(truncatingIfNeeded: names)
    user = UserID(UInt32(truncatingIfNeeded: names >> 16))
    attempts = Int32(truncatingIfNeeded: take(13))
    let updates = take(14)
    leadingPendingUpdates = Int32(truncatingIfNeeded: updates)
    leadingRunningUpdates = Int32(truncatingIfNeeded: updates >> 32)
    if set == 0 {
      self.requests = (bytes + place).loadUnaligned(as: RequestSet.self)
      place += MemoryLayout<RequestSet>.size
    } else if let requests {
      self.requests = requests[Int(set) - 1]
    }
    size = place
  }

  /// What a packed life is sorted by: the time of its submission, then its task.
  @inline(__always)
  static func sortKey(packed bytes: UnsafeRawPointer) -> SortKey {
    let header = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    var place = 8 &+ Int(truncatingIfNeeded: header & 15)
    @inline(__always) func take(_ slot: UInt64) -> Int64 {
      let size = (header &>> (4 &* slot)) & 15
      let word = UInt64(littleEndian: (bytes + place).loadUnaligned(as: UInt64.self))
      place &+= Int(truncatingIfNeeded: size)
      return unzigzag(word & ~((UInt64.max &<< (4 &* size)) &<< (4 &* size)))
    }
    let (job, index) = (take(1), take(2))
    let seen = Microseconds(take(3))
    let submit = Microseconds(take(4) &+ seen.rawValue)
    return SortKey(
      major: submission(seen: seen, submit: submit).rawValue, minor: job, last: index)
  }

  /// The task of a packed life.
  @inline(__always)
  static func id(packed bytes: UnsafeRawPointer) -> TaskID {
    let key = sortKey(packed: bytes)
    return TaskID(job: key.minor, index: Int32(truncatingIfNeeded: key.last))
  }

  /// How many bytes a packed life takes.
  static func packedSize(_ bytes: UnsafeRawPointer) -> Int {
    let header = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    let isInline =
      header >> 48 & 15 == 0
      || bytes.loadUnaligned(
        fromByteOffset: 8 + sum(ofNibbles: header & (1 << 48 - 1)), as: UInt16.self
      ).littleEndian == 0
    return 8 + sum(ofNibbles: header) + (isInline ? MemoryLayout<RequestSet>.size : 0)
  }

  private static func sum(ofNibbles word: UInt64) -> Int {
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f) &+ (word >> 4 & 0x0f0f_0f0f_0f0f_0f0f)
    return Int(truncatingIfNeeded: (pairs &* 0x0101_0101_0101_0101) >> 56)
  }

  /// When it was submitted, as its record says; `never` for one without a known time.
  @inline(__always)
  private static func submission(seen: Microseconds, submit: Microseconds) -> Microseconds {
    seen.isKnown ? min(submit, seen) : .never
  }

  private init(id: TaskID) { self.id = id }
}

@inline(__always) private func zigzag(_ value: Int64) -> UInt64 {
  UInt64(bitPattern: value &<< 1 ^ value &>> 63)
}

@inline(__always) private func unzigzag(_ value: UInt64) -> Int64 {
  Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
}

extension Lifecycle {
  /// Whether it could come from events that were read: what a record is made of is in range. Of its
  /// requests `RequestSet.isPlausible` tells.
  var isPlausible: Bool {
    @inline(__always) func isTime(_ time: Microseconds) -> Bool { time.isInRange || !time.isKnown }
    let limit = Ranges.time.upperBound.magnitude
    return isTime(seen) && isTime(submit) && isTime(firstSchedule) && isTime(lastSchedule)
      && isTime(since) && isTime(firstTime)
      && waited.rawValue.magnitude <= limit && ran.rawValue.magnitude <= limit
      && id.index >= 0 && attempts >= 0 && leadingPendingUpdates >= 0 && leadingRunningUpdates >= 0
  }
}

extension RequestSet {
  /// Whether every share is one that is believed, or not known.
  var isPlausible: Bool {
    [before, first, maximum].allSatisfy { request in
      [request.cpu, request.memory, request.disk].allSatisfy {
        $0.isNaN || Ranges.share.contains($0)
      }
    }
  }
}
