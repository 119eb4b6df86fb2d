import Foundation
import Workload

/// Events by the text at the end of their rows, from the user on, which says the same of a task at each
/// of its events and mostly of its job's other tasks: so one comparison does for seven fields. Each
/// job has one place, which the last one with that place holds.
struct RowEndCache {
  private var texts = [UInt8](repeating: 0, count: places * textCapacity)
  private var lengths = [Int32](repeating: -1, count: places)
  private var events = [LifecycleEvent](
    repeating: LifecycleEvent(id: TaskID(job: 0), kind: .submit, time: .zero), count: places)

  private static let placeBits = 10
  private static var places: Int { 1 << placeBits }
  private static let textCapacity = 96

  /// An event of this job whose row ended with `text`, if it is the last one known.
  @inline(__always)
  func event(_ text: UnsafeRawBufferPointer, job: Int64) -> LifecycleEvent? {
    let place = Self.place(job)
    guard let start = text.baseAddress, Int(lengths[place]) == text.count else { return nil }
    let isSame = texts.withUnsafeBytes {
      memcmp($0.baseAddress.unsafelyUnwrapped + place &* Self.textCapacity, start, text.count) == 0
    }
    return isSame ? events[place] : nil
  }

  /// Keeps an event of this job whose row ended with `text`, unless that is long.
  mutating func keep(_ event: LifecycleEvent, _ text: UnsafeRawBufferPointer, job: Int64) {
    guard let start = text.baseAddress, text.count <= Self.textCapacity else { return }
    let place = Self.place(job)
    texts.withUnsafeMutableBytes {
      ($0.baseAddress.unsafelyUnwrapped + place &* Self.textCapacity)
        .copyMemory(from: start, byteCount: text.count)
    }
    lengths[place] = Int32(text.count)
    events[place] = event
  }

  @inline(__always) private static func place(_ job: Int64) -> Int {
    Int(
      truncatingIfNeeded: (UInt64(bitPattern: job) &* 0x9e37_79b9_7f4a_7c15)
        >> UInt64(64 - placeBits))
  }
}
