import Fitting
import Foundation
import Generation

extension FitPlots {
  /// Writes `NAME-compare` for each quantity, `arrivals-compare` and `load-compare`.
  public func write(comparing original: WorkloadSample, with generated: WorkloadSample) throws {
    for (name, unit) in WorkloadSample.quantities {
      let laws = [original, generated].map {
        KaplanMeier(values: $0.values(name), censored: $0.censored(name))
      }
      guard laws.allSatisfy({ $0.steps.count > 1 }) else { continue }
      var data = "# \(name) (\(unit)): original, then generated: value, share at least as great\n"
      for (place, law) in laws.enumerated() {
        if place > 0 { data += "\n\n" }
        let values = law.steps.map(\.value)
        for step in 0...800 {
          // The share falls evenly on its logarithmic axis, down to the last value's.
          let last = values.count > 1 ? law.steps[values.count - 2].survival : 1
          let value = law.quantile(survival: pow(last, Double(step) / 800).nextDown)
          guard value < .infinity else { break }
          data += "\(max(value, 1e-9)) \(law.survival(at: value.nextDown))\n"
        }
      }
      try plot(
        "\(name)-compare", data,
        """
        set logscale xy
        set xlabel '\(name) (\(unit))'
        set ylabel 'P(X ≥ x)'
        set key bottom left
        plot '\(name)-compare.dat' index 0 using 1:2 with lines lw 2 lc 'black' title 'original', \\
          '' index 1 using 1:2 with lines lw 2 lc 'red' title 'generated'
        """)
    }
    var data = "# window (s), dispersion of arrivals: original, generated\n"
    for exponent in 0..<18 {
      let window = pow(2, Double(exponent))
      let (a, b) = (
        original.arrivalCounts(window: window), generated.arrivalCounts(window: window)
      )
      guard min(a.count, b.count) >= 30 else { break }
      data += "\(window) \(Self.dispersion(a)) \(Self.dispersion(b))\n"
    }
    try plot(
      "arrivals-compare", data,
      """
      set logscale xy
      set xlabel 'window (s)'
      set ylabel 'index of dispersion of arrivals'
      set key top left
      plot 'arrivals-compare.dat' using 1:2 with linespoints lc 'black' title 'original', \\
        '' using 1:3 with linespoints lc 'red' title 'generated'
      """)
    data = "# hours, busy cores: original, then generated\n"
    for (place, load) in [original.load, generated.load].enumerated() {
      if place > 0 { data += "\n\n" }
      let width = max(1, load.count / 1000)
      for start in stride(from: 0, to: load.count, by: width) {
        let part = load[start..<min(load.count, start + width)]
        data += "\(Double(start) / 60) \(part.reduce(0, +) / Double(part.count))\n"
      }
    }
    guard !original.load.isEmpty, !generated.load.isEmpty else { return }
    try plot(
      "load-compare", data,
      """
      set xlabel 'hours'
      set ylabel 'busy cores if nothing waits'
      plot 'load-compare.dat' index 0 using 1:2 with lines lc 'black' title 'original', \\
        '' index 1 using 1:2 with lines lc 'red' title 'generated'
      """)
  }

  private static func dispersion(_ counts: [Int]) -> Double {
    let mean = Double(counts.reduce(0, +)) / Double(counts.count)
    let sum = counts.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return mean > 0 ? max(1e-6, sum / Double(counts.count) / mean) : 1
  }
}
