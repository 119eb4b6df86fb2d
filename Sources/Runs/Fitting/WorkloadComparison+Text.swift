import Generation

extension WorkloadComparison {
  /// The tables, for people; the verdicts come after all of them.
  ///
  /// - Parameters:
  ///   - original: what the trace is called.
  ///   - generated: what the model is called.
  ///   - tasks: how many were drawn.
  public func text(original: String, generated: String, tasks: Int) -> String {
    let comparison = self
    var text = "\(generated), \(counted(tasks, "task")), beside \(original)\n\nmargins\n"
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
    return text + table.text
  }
}
