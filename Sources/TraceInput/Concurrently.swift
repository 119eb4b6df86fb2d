import Foundation

/// Runs `body` once for each of `count` threads, one of them the caller's, and waits for all.
package func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for number in 1..<max(1, count) {
    group.enter()
    let thread = Thread {
      body(number)
      group.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
  body(0)
  group.wait()
}
