#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension TailSample {
  /// The p-value of the power-law hypothesis for a tail (Clauset, Shalizi and Newman 2009, section
  /// 4.1): the share of synthetic samples at least as far from their best power law as this one.
  ///
  /// Where xmin was given, the m values of the tail are drawn from its law and fitted above the same
  /// xmin. Where it was searched for, the bootstrap is semi-parametric: each of the n values of a
  /// synthetic sample is, with probability m/n, drawn from the fitted law, else picked from the
  /// observed values below xmin; then xmin is searched for anew, under the same options. The p-value
  /// is then not exactly uniform under a true tail: docs/fitting.md has its measured law.
  ///
  /// Replicate i draws from `stream(i)` alone, so the result depends
  /// on the streams and not on `threads`. O(replicates · n log n).
  ///
  /// ```swift
  /// let stream = RandomStream(seed: 7, name: "tail-bootstrap")
  /// let p = await sample.pValue(of: tail, .init(standardError: 0.01), threads: 2) { stream.at($0) }
  /// ```
  public func pValue<Generator: RandomNumberGenerator & SendableMetatype>(
    of tail: PowerLawTail, _ precision: BootstrapPrecision, threads: Int = 1,
    stream: @escaping @Sendable (UInt64) -> Generator
  ) async -> BootstrapPValue {
    let body = logs[..<(values.count - tail.tailCount)]
    let logScale = log(tail.xmin)
    let count = values.count
    let share = Double(tail.tailCount) / Double(count)
    let shape = tail.shape
    let options = tail.options
    let (isGiven, tailCount) = (tail.isXminGiven, tail.tailCount)
    let simulated = await replicates(precision.replicates, threads: threads) { index -> Double? in
      var generator = stream(UInt64(index))
      if isGiven {
        let tail = (0..<tailCount).map { _ in generator.standardExponential() / shape }
        let replicate = TailSample(logs: sortedAscending(tail))
        return try? replicate.powerLaw(xmin: 1, options).distance
      }
      let drawn = (0..<count).map { _ -> Double in
        if body.isEmpty || generator.openUniform() < share {
          return logScale + generator.standardExponential() / shape
        }
        return body[Int(generator.next().multipliedFullWidth(by: UInt64(body.count)).high)]
      }
      let scan = PowerLawScan(sortedLogs: sortedAscending(drawn), statistic: options.statistic)
      return scan.minimum(isAllowed: { Self.isAllowed($0, scan, options) })?.distance
    }
    return BootstrapPValue(observed: tail.distance, simulated: simulated)
  }
}
