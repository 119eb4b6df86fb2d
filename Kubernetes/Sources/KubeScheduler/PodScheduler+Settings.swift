extension PodScheduler {
  /// How the scheduler behaves.
  public struct Settings: Sendable {
    /// Pods of this `schedulerName` are its own.
    public var name = "tracemill"
    /// Bindings at a time.
    public var bindings = 16
    /// So many waiting pods at most are seen at once by a policy that chooses among them.
    public var batch = 64
    /// Whether pods of lesser priority are evicted for those that fit nowhere.
    public var preempts = false
    /// A promise that the API server has not confirmed lapses after so many seconds.
    public var promiseSeconds = 30.0
    /// The pause after the first failure, doubling up to ``longestPause``, in seconds.
    public var firstPause = 1.0
    /// The longest pause between two tries, in seconds.
    public var longestPause = 10.0
    /// The default settings.
    public init() {}
  }
}
