import Diagnostics
import Foundation

/// Runs `body` once for each of `count` threads, one of them the caller's, and waits for all.
///
/// - Throws: `inputOutput` where the system does not make that many threads; `body` is not called then.
package func concurrently(
  _ count: Int, _ body: @escaping @Sendable (Int) -> Void
) throws(TraceError) {
  let group = DispatchGroup()
  let gate = Gate()
  for number in 1..<max(1, count) {
    group.enter()
    do throws(TraceError) {
      try WorkThread.start {
        if gate.waits() { body(number) }
        group.leave()
      }
    } catch {
      group.leave()
      gate.open(isOff: true)
      group.wait()
      throw error
    }
  }
  gate.open(isOff: false)
  body(0)
  group.wait()
}

/// Where threads wait until it is known that all could be made.
private final class Gate: @unchecked Sendable {
  private let lock = NSCondition()
  private var isOff: Bool?

  func open(isOff: Bool) {
    lock.lock()
    defer { lock.unlock() }
    self.isOff = isOff
    lock.broadcast()
  }

  /// Whether to go on, once that is known.
  func waits() -> Bool {
    lock.lock()
    defer { lock.unlock() }
    while isOff == nil { lock.wait() }
    return isOff == false
  }
}
