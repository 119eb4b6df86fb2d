/// Runs the same thing under several seeds, side by side.
public enum Replications {
  /// `body` for each seed, as many at once as `width` says; the results in the order of the seeds,
  /// which does not hang on the number of threads.
  ///
  /// ```swift
  /// let waits = try await Replications.run(seeds: 1...30) { seed in
  ///   try Simulator(cluster: layout, policy: FirstFit(), seed: seed)
  ///     .run(PoissonSource(…, seed: seed)).total.wait.mean
  /// }
  /// ```
  ///
  /// - Throws: the first error, in the order in which it happens.
  public static func run<Seeds: Sequence<UInt64>, Result: Sendable>(
    seeds: Seeds, width: Int = 64, _ body: @escaping @Sendable (UInt64) throws -> Result
  ) async throws -> [Result] {
    precondition(width > 0, "at least one replication must run at a time")
    let seeds = Array(seeds)
    return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var results: [Result?] = Array(repeating: nil, count: seeds.count)
      var next = 0
      func add() {
        let index = next
        let seed = seeds[index]
        group.addTask { (index, try body(seed)) }
        next += 1
      }
      while next < min(width, seeds.count) { add() }
      while let (index, result) = try await group.next() {
        results[index] = result
        if next < seeds.count { add() }
      }
      return results.compactMap { $0 }
    }
  }
}
