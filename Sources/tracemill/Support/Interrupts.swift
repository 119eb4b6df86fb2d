import Dispatch
import Foundation
import Synchronization
import Tables
import TraceParsing

/// Ctrl-C and `kill`: what is half-written goes away, then the process ends as signalled.
enum Interrupts {
  /// Kept for the life of the process; written once, before anything else runs.
  private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

  private static let outcome = Mutex("nothing was written")

  /// Says what an interruption leaves behind, other than nothing.
  static func keeps(_ message: String) { outcome.withLock { $0 = message } }

  private static let last = Mutex<(@Sendable () -> Void)?>(nil)

  /// What is done before the process ends: print what is known so far.
  static func before(_ action: (@Sendable () -> Void)?) { last.withLock { $0 = action } }

  static func install() {
    // A queue of its own has a thread of its own: the global ones may all be busy for minutes.
    let queue = DispatchQueue(label: "interrupts", qos: .userInteractive)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let inherited = signal(number, SIG_IGN)
      // What nohup and shells ignore for their children stays ignored.
      guard !isIgnored(inherited) else { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        OutputFile.removePartialFiles()
        if isatty(STDERR_FILENO) == 1 { writeErrorLine() }
        last.withLock { $0 }?()
        writeError("tracemill: interrupted; \(outcome.withLock { $0 })\n")
        // Dispatch blocks the signal to read it from a descriptor: unblocked here, it ends us.
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
      }
      source.resume()
      sources.append(source)
    }
    // A reader that goes away is an error to handle like any other, partial files and all.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that may not grow any more (ulimit -f): finished cells are kept.
    signal(SIGXFSZ, SIG_IGN)
  }

  private static func isIgnored<Handler>(_ handler: Handler) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
