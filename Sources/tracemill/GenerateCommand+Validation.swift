import Fitting
import Foundation
import Generation
import TraceParsing
import Workload

extension GenerateCommand {
  /// Compares what is drawn with a trace: as many tasks as it has, unless their number was given.
  func validate(_ source: SyntheticWorkload, against path: String) throws {
    let meter = ReadMeter()
    let stream = try reading.open(path, meter: meter).records(try reading.readOptions(meter: meter))
    let progress = Progress("reading \(path)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    var original = WorkloadSample(seed: seed)
    while let record = try stream.next() { original.add(record) }
    progress.finish()
    guard original.count > 0 else { throw CommandFailure(message: "\(path): no tasks to compare") }
    var tasks = source
    if knobs.tasks == nil, knobs.duration == nil {
      do {
        tasks = try SyntheticWorkload(source.model, .tasks(original.count), seed: seed)
      } catch { throw CommandFailure(error) }
    }
    var generated = WorkloadSample(seed: seed)
    while let record = tasks.next() { generated.add(record) }
    let comparison = WorkloadComparison(original: original, generated: generated)
    if let plots {
      try FitPlots(folder: plots).write(comparing: original, with: generated)
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try writeOutput(String(decoding: try encoder.encode(comparison), as: UTF8.self) + "\n")
    } else {
      try writeOutput(
        Self.text(comparison, original: path, generated: workload, tasks: generated.count))
    }
  }

  private static func text(
    _ comparison: WorkloadComparison, original: String, generated: String, tasks: Int
  ) -> String {
    var text = "\(generated), \(grouped(tasks)) tasks, beside \(original)\n\nmargins\n"
    var table = TextTable(header: ["", "unit", "D", "p", "Wasserstein", "mean", "original's"])
    for margin in comparison.margins {
      let d = margin.distance
      table.add([
        margin.name, margin.unit, significant(d.kolmogorovSmirnov), significant(d.pValue),
        significant(d.wasserstein), significant(d.secondMean), significant(d.firstMean),
      ])
    }
    text += table.text
    for margin in comparison.margins {
      guard let end = margin.distance.horizon else { continue }
      text +=
        "\(margin.name): with those cut off by the end of the trace (Kaplan and Meier), compared up to "
        + "\(significant(end)) \(margin.unit)\n"
    }
    text += "\nrank correlations\n"
    let (a, b) = (comparison.originalCorrelations, comparison.generatedCorrelations)
    table = TextTable(header: ["", "here", "original's"])
    for (name, own, other) in [
      ("run time, CPU", b.runTimeCPU, a.runTimeCPU),
      ("run time, memory", b.runTimeMemory, a.runTimeMemory),
      ("CPU, memory", b.cpuMemory, a.cpuMemory),
    ] {
      table.add([name, own.map { fixed($0, 3) } ?? "-", other.map { fixed($0, 3) } ?? "-"])
    }
    text += table.text
    if !comparison.arrivals.isEmpty {
      text += "\narrivals of jobs: index of dispersion, and correlation of neighbouring windows\n"
      table = TextTable(header: ["window", "dispersion", "original's", "correlation", "original's"])
      for scale in comparison.arrivals {
        table.add([
          span(scale.window), significant(scale.generatedDispersion),
          significant(scale.originalDispersion), fixed(scale.generatedAutocorrelation, 3),
          fixed(scale.originalAutocorrelation, 3),
        ])
      }
      text += table.text
    }
    text += "\nbusy cores, minute by minute, if nothing had to wait\n"
    table = TextTable(header: ["", "here", "original's"])
    let (own, other) = (comparison.generatedLoad, comparison.originalLoad)
    table.add(["mean", significant(own.mean), significant(other.mean)])
    table.add(["variation", significant(own.variation), significant(other.variation)])
    table.add(["peak", significant(own.peak), significant(other.peak)])
    text += table.text + "\nverdict\n"
    return text + comparison.verdicts.map { "  \($0)\n" }.joined()
  }
}

extension FitPlots {
  /// Writes `NAME-compare` for each quantity, `arrivals-compare` and `load-compare`.
  func write(comparing original: WorkloadSample, with generated: WorkloadSample) throws {
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
