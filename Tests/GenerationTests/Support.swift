import Fitting
import Foundation
import Generation
import Workload

/// Where the heavy suites are asked for.
let isSlow = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1"

let notSlow = "set TRACEMILL_SLOW=1 and build with -c release"

/// The records of a source.
func records<Source: WorkloadSource<Never>>(_ source: Source) -> [TaskRecord] {
  var source = source
  var records: [TaskRecord] = []
  while let record = source.next() { records.append(record) }
  return records
}

/// Kolmogorov's asymptotic p-value of a distance of `n` values from a continuous law
/// (Marsaglia, Tsang and Wang 2003 give the exact one; beyond n = 100 they agree).
func kolmogorovPValue(_ distance: Double, _ n: Int) -> Double {
  let root = Double(n).squareRoot()
  let t = (root + 0.12 + 0.11 / root) * distance
  var sum = 0.0
  for k in 1...100 { sum += (k % 2 == 1 ? 2 : -2) * exp(-2 * Double(k * k) * t * t) }
  return t < 0.2 ? 1 : min(max(sum, 0), 1)
}

/// The p-value of `values` against `law`. Atoms make the test conservative.
func pValue(_ values: [Double], _ law: Law) -> Double {
  let distance = GoodnessOfFit(sorted: values.sorted(), law: law).kolmogorovSmirnov
  return kolmogorovPValue(distance, values.count)
}
