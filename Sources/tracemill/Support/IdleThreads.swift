import Foundation

/// Threads that a library started unasked.
enum IdleThreads {
  /// Ends those of OpenBLAS, which computes for learned schedulers, on the thread that calls it. It
  /// starts one for each further core when the program is loaded, and before they sleep they spin
  /// for a tenth of a second, whatever the command is. Does nothing where there are none; OpenBLAS
  /// would start them again if it needed them.
  static func end() {
    guard let program = dlopen(nil, RTLD_NOW),
      let shutdown = dlsym(program, "blas_thread_shutdown_")
    else { return }
    typealias Function = @convention(c) () -> CInt
    _ = unsafeBitCast(shutdown, to: Function.self)()
  }
}
