import CVectorMath
import Fitting
import Workload

extension WorkloadModel {
  /// Mean number of tasks of a job.
  public var meanJobSize: Double { classes.reduce(0) { $0 + $1.share * $1.meanJobSize } }
  /// Mean CPU request of a task in cores, from the laws.
  public var meanCPU: Double { taskMean { $0.cpu.mean } }
  /// Mean run time of a task in seconds, from the laws.
  public var meanRunTime: Double { taskMean { $0.runTime.mean } }
  /// Mean memory of a task in GiB, from the laws.
  public var meanMemory: Double { taskMean { $0.memory.mean } }
  /// Mean CPU time that a task claims, its cores times its run time, in core-seconds.
  public var meanCoreSeconds: Double { taskMean(\.meanCoreSeconds) }

  /// Mean CPU time that a job claims, in core-seconds.
  public var meanJobCoreSeconds: Double {
    classes.reduce(0) { $0 + $1.share * $1.meanJobSize * $1.meanInstances * $1.meanCoreSeconds }
  }

  /// A mean over tasks, of which classes with larger jobs have more.
  private func taskMean(_ value: (TaskClass) -> Double) -> Double {
    var (sum, weight) = (0.0, 0.0)
    for part in classes where part.share > 0 {
      let tasks = part.share * part.meanJobSize
      sum += tasks * value(part)
      weight += tasks
    }
    return sum / weight
  }

  /// Cores that are busy on average if everything is run at once: Little's law, rate × core-seconds.
  /// What runs at the beginning is not in it: see ``StandingModel/cores``.
  public var offeredCores: Double { arrivals.rate * meanJobCoreSeconds }

  /// Sets the arrival rate so that the offered CPU load on `cores` cores (times their speeds, where
  /// they differ) is `load`: 1 is as much as they can do.
  ///
  /// - Throws: where a number is not finite and positive, or the laws have no finite mean.
  public mutating func setLoad(
    _ load: Double, onCores cores: Double
  ) throws(WorkloadModelError) { try setLoad(load, onCores: cores, work: meanJobCoreSeconds) }

  /// As ``setLoad(_:onCores:)``, where ``meanJobCoreSeconds`` is at hand as `work`.
  ///
  /// - Throws: as ``setLoad(_:onCores:)``.
  public mutating func setLoad(
    _ load: Double, onCores cores: Double, work: Double
  ) throws(WorkloadModelError) {
    let rate = load * cores / work
    guard load > 0, cores > 0, work > 0, rate.isFinite, rate > 0 else {
      throw WorkloadModelError(issues: [
        DescriptionIssue(
          path: "load",
          message: "\(load) on \(cores) cores cannot be set with \(work) core-seconds a job")
      ])
    }
    guard let standing, standing.count > 0, let span = standing.span, span > 0 else {
      arrivals.rate = rate
      return
    }
    // What runs at the beginning counts with what it does in the span of the trace it was found in; both
    // go up and down together.
    let offered = arrivals.rate * work + standing.coreSeconds(within: span) / span
    let factor = load * cores / offered
    arrivals.rate *= factor
    self.standing?.count = Int((Double(standing.count) * factor).rounded())
  }
}

extension TaskClass {
  /// Mean number of tasks of a job: the law's mean, and what rounding to whole tasks, at least 1,
  /// adds.
  var meanJobSize: Double {
    guard let jobSize else { return 1 }
    let cells = 65_536
    var added = 0.0
    for cell in 0..<cells {
      let x = jobSize.quantile((Double(cell) + 0.5) / Double(cells))
      added += max(1, x.rounded()) - x
    }
    return jobSize.mean + added / Double(cells)
  }

  /// Mean number of instances of a task.
  var meanInstances: Double { instances.map { max(1, $0.mean) } ?? 1 }

  /// Mean of CPU times run time: the product of the means, and with a copula the integral over its
  /// two normals, by the trapezoid rule, for what their correlation adds.
  var meanCoreSeconds: Double {
    let independent = cpu.mean * runTime.mean
    guard let correlations, correlations.runTimeCPU != 0, independent.isFinite,
      let copula = try? Copula(correlations, self)
    else { return independent }
    let r = copula.normals.runTimeCPU
    let coupled = meanProduct(r)
    return independent + coupled - meanProduct(0)
  }

  private func meanProduct(_ r: Double) -> Double {
    let n = 601
    let grid = (0..<n).map { -8.1 + 16.2 * Double($0) / Double(n - 1) }
    let weights = grid.map { cvm_exp(-0.5 * $0 * $0) * 0.3989422804014327 * 16.2 / Double(n - 1) }
    var cpus = grid.map { min(max(cvm_normal_probability($0), 0x1p-53), 1 - 0x1p-53) }
    cpus.withUnsafeMutableBufferPointer { MarginSampler(cpu).transform($0) }
    let sampler = MarginSampler(runTime)
    let own = (1 - r * r).squareRoot()
    var total = 0.0
    for (place, z) in grid.enumerated() {
      var runTimes = grid.map {
        min(max(cvm_normal_probability(r * z + own * $0), 0x1p-53), 1 - 0x1p-53)
      }
      runTimes.withUnsafeMutableBufferPointer { sampler.transform($0) }
      let mean = zip(runTimes, weights).reduce(0) { $0 + $1.0 * $1.1 }
      total += weights[place] * cpus[place] * mean
    }
    return total
  }
}
