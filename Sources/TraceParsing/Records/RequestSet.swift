import Foundation
import TraceInput
import Workload

/// What a stretch of a life asked for: few different ones in a trace, so they are kept once.
struct RequestSet: BitwiseCopyable {
  /// The last request before the first SCHEDULE.
  var before: NormalisedRequest
  /// The first request at all.
  var first: NormalisedRequest
  /// The largest one.
  var maximum: NormalisedRequest

  /// Whether the bits are the same: NaN is "nothing said" and equals itself here.
  @inline(__always)
  func isSame(as other: RequestSet) -> Bool {
    withUnsafeBytes(of: self) { a in
      withUnsafeBytes(of: other) { b in
        var difference: UInt64 = 0
        for word in 0..<9 {
          difference |=
            a.load(fromByteOffset: 8 * word, as: UInt64.self)
            ^ b.load(fromByteOffset: 8 * word, as: UInt64.self)
        }
        return difference == 0
      }
    }
  }

  /// Three chains of multiplications, for the processor to work on at once.
  fileprivate var hash: UInt64 {
    let hash =
      before.hash &* 0x9e37_79b9_7f4a_7c15 &+ first.hash &* 0xd6e8_feb8_6659_fd93
      &+ maximum.hash &* 0xff51_afd7_ed55_8ccd
    return hash ^ hash >> 29
  }
}

extension NormalisedRequest {
  fileprivate var hash: UInt64 {
    let hash =
      cpu.bitPattern &* 0xc4ce_b9fe_1a85_ec53 &+ memory.bitPattern &* 0x8764_000b_7f4a_7c15
      &+ disk.bitPattern &* 0x9fb2_1c65_1e98_df25
    return hash ^ hash >> 32
  }
}

/// A request set as amounts, and what is not known of it.
struct ResolvedRequests: BitwiseCopyable {
  var request: Resources
  var maximum: Resources
  var flags: TaskRecord.Flags

  /// - Parameters:
  ///   - set: what was asked for, normalised.
  ///   - scale: what the normalised requests stand for.
  ///   - assumed: the normalised request of a task whose table has none.
  init(_ set: RequestSet, scale: MachineScale, assumed: SIMD4<Double>?) {
    flags = []
    var request = set.before.or(set.first).vector
    var maximum = set.maximum.vector
    if let assumed {
      let absent = request .!= request
      if absent[0] || absent[1] { flags.insert(.requestAssumed) }
      request.replace(with: assumed, where: absent)
      maximum.replace(with: assumed, where: maximum .!= maximum)
    }
    if request[0].isNaN { flags.insert(.cpuUnknown) }
    if request[1].isNaN { flags.insert(.memoryUnknown) }
    if request[2].isNaN { flags.insert(.diskUnknown) }
    self.request = scale.resources(request)
    self.maximum = scale.resources(maximum)
  }
}

/// Request sets by small numbers; bounded, since a trace may have as many as it has tasks.
struct RequestTable {
  private(set) var sets: [RequestSet] = []
  /// Open addressing; the number of a set, 0 is a free slot.
  private var slots = [UInt16](repeating: 0, count: 1 << 8)
  private var last: UInt16 = 0

  /// The most sets that a table may have: numbers go that far.
  static let maximumCapacity = 1 << 15

  private let capacity: Int

  /// - Parameter sharedBy: how many tables there are, which have room for as many sets together as four
  ///   may have.
  init(sharedBy tables: Int = 1) {
    capacity = min(Self.maximumCapacity, 4 * Self.maximumCapacity / tables)
  }

  /// The number of a set, from 1; 0 where there is no room for it.
  @inline(__always)
  mutating func number(of set: RequestSet) -> UInt16 {
    if last > 0, sets[Int(last) - 1].isSame(as: set) { return last }
    last = find(set)
    return last
  }

  private mutating func find(_ set: RequestSet) -> UInt16 {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: set.hash >> 32) & mask
    while slots[slot] != 0 {
      if sets[Int(slots[slot]) - 1].isSame(as: set) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    guard sets.count < capacity else { return 0 }
    sets.append(set)
    let number = UInt16(sets.count)
    slots[slot] = number
    if sets.count * 2 > slots.count { grow() }
    return number
  }

  private mutating func grow() {
    slots = [UInt16](repeating: 0, count: slots.count * 2)
    for (place, set) in sets.enumerated() {
      var slot = Int(truncatingIfNeeded: set.hash >> 32) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt16(place + 1)
    }
  }
}
