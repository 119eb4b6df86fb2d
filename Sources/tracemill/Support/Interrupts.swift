import Dispatch
import Foundation
import TraceParsing

/// Ctrl-C and `kill`: what is half-written goes away, then the process ends as signalled.
enum Interrupts {
  /// Kept for the life of the process; written once, before anything else runs.
  private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

  static func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        OutputFile.removePartialFiles()
        if isatty(STDERR_FILENO) == 1 { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
        FileHandle.standardError.write(Data("tracemill: interrupted; nothing was written\n".utf8))
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
    signal(SIGPIPE, SIG_DFL)
  }
}
