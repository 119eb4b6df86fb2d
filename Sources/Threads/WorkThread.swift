import Diagnostics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads of 8 MB of stack.
package enum WorkThread {
  /// Whether the system is taken to make no more threads: for tests.
  @TaskLocal package static var isRefused = false

  /// Runs `body` on a thread of its own.
  ///
  /// - Throws: `inputOutput` where the system makes no more threads; `body` is not called then. Foundation's
  ///   `Thread` says nothing in that case, so that its owner waits for ever.
  package static func start(_ body: @escaping @Sendable () -> Void) throws(TraceError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let context = Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    var status = EAGAIN
    if !isRefused {
      status = pthread_create(&thread, &attributes, { Body.run($0) }, context)
    }
    guard status == 0 else {
      Unmanaged<Body>.fromOpaque(context).release()
      throw TraceError(
        .inputOutput, "no thread can be started: \(String(cString: strerror(status)))")
    }
  }

  private final class Body {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }
  }
}
