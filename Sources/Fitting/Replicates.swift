/// Runs `body` for 0 ..< `count` on up to `threads` threads and gives the results in that order.
///
/// Replicate i must depend on i alone, so that the answer does not depend on the thread count. Where the
/// surrounding task is cancelled some are missing: whoever cancels throws the answer away.
package func replicates<Result: Sendable>(
  _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Result
) async -> [Result] {
  let workers = max(1, min(threads, count))
  // Replicates that are not begun any more are the last ones.
  @Sendable func some(_ range: Range<Int>) -> [Result] {
    var results: [Result] = []
    for index in range where !Task.isCancelled { results.append(body(index)) }
    return results
  }
  if workers == 1 { return some(0..<count) }
  return await withTaskGroup(of: (Int, [Result]).self) { group in
    // Many small shares, given out as threads come free.
    let share = max(1, count / (workers * 8))
    var next = 0
    var parts: [(Int, [Result])] = []
    func submit() {
      let range = next..<min(next + share, count)
      guard !range.isEmpty else { return }
      next = range.upperBound
      group.addTask { (range.lowerBound, some(range)) }
    }
    for _ in 0..<workers { submit() }
    for await part in group {
      parts.append(part)
      submit()
    }
    return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
  }
}

/// How precisely a bootstrap is to answer.
public struct BootstrapPrecision: Sendable, Equatable {
  /// How many replicates.
  public let replicates: Int

  /// A given number of replicates, at least 1.
  public init(replicates: Int) { self.replicates = max(1, replicates) }

  /// Enough replicates for a p-value whose standard error is at most `error` whatever p is:
  /// 1 / (4·error²) (Clauset, Shalizi and Newman 2009, section 4.1); 2,500 for 0.01.
  /// `error` must lie in 0.0005...0.5.
  public init(standardError error: Double) {
    precondition(error >= 0.0005 && error <= 0.5, "a p-value's standard error lies in 0.0005...0.5")
    replicates = Int((1 / (4 * error * error)).rounded(.up))
  }
}

/// A p-value found by simulation.
public struct BootstrapPValue: Sendable, Equatable, Codable {
  /// The share of replicates at least as far from their own fit as the data from its own.
  public let value: Double
  /// How many replicates gave an answer.
  public let replicates: Int
  /// How many gave none, because their fit did not converge or they were degenerate.
  public let failures: Int

  /// Its standard error, √(p(1-p)/B) with p kept off 0 and 1 by half a replicate.
  public var standardError: Double {
    guard replicates > 0 else { return 1 }
    let b = Double(replicates)
    let p = min(max(value, 0.5 / b), 1 - 0.5 / b)
    return (p * (1 - p) / b).squareRoot()
  }

  init(observed: Double, simulated: [Double?]) {
    let known = simulated.compactMap { $0 }
    replicates = known.count
    failures = simulated.count - known.count
    value = known.isEmpty ? 0 : Double(known.count { $0 >= observed }) / Double(known.count)
  }
}
