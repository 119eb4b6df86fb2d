import CVectorMath
import Workload

/// Which jobs of a block repeat others of it, and which come again because they failed: both models made ready.
///
/// Jobs are looked at in their order, each once. So what comes again may be repeated, and may fail and come again
/// itself.
struct JobChains: Sendable {
  private let repeats: RepeatModel
  private let resubmissions: ResubmissionModel
  private let choice, lag, again, delay: RandomStream
  private let ticks: ClockTicks?

  /// Nil where jobs do neither.
  init?(_ model: WorkloadModel, seed: UInt64) {
    let none = ResubmissionModel(share: 0, delays: [])
    (repeats, resubmissions) = (
      model.repeats ?? RepeatModel(share: 0, lags: [1], runTimeCorrelation: 0),
      model.resubmissions.flatMap { $0.delays.isEmpty ? nil : $0 } ?? none
    )
    guard repeats.share > 0 || resubmissions.share > 0 else { return nil }
    ticks = model.ticks
    choice = RandomStream(seed: seed, name: "repeat")
    lag = RandomStream(seed: seed, name: "repeat lag")
    again = RandomStream(seed: seed, name: "resubmission")
    delay = RandomStream(seed: seed, name: "resubmission delay")
  }

  /// Sets for each job of the block whose requests and class it has, joins the probabilities of run times,
  /// independent before, along the chains, and puts jobs that come again to their times.
  func chain(_ jobs: inout CompiledModel.Jobs, block: Int, of model: CompiledModel) {
    let size = GammaBridge.blockSize
    let first = UInt64(block * size)
    Self.transform(CVMFunctionNormalQuantile, &jobs.runTimes)
    let resubmits = resubmissions.share > 0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 5 * size) { scratch in
      func column(_ stream: RandomStream, _ place: Int) -> UnsafeMutableBufferPointer<Double> {
        let column = UnsafeMutableBufferPointer(
          rebasing: scratch[place * size..<(place + 1) * size])
        stream.openUniforms(from: first, into: column)
        return column
      }
      let (choices, lags) = (column(choice, 0), column(lag, 1))
      let (agains, delays) = resubmits ? (column(again, 2), column(delay, 3)) : (choices, lags)
      let ends = resubmits ? column(model.streams.outcome.at(0), 4) : choices
      // The job that each of them is the resubmission of.
      var failed = [Int32](repeating: -1, count: resubmits ? size : 0)
      for place in 0..<size {
        jobs.comeAgain[place] = resubmits && failed[place] >= 0
        if jobs.comeAgain[place] {
          join(&jobs, place, to: Int(failed[place]), resubmissions.runTimeCorrelation)
        } else if let parent = repeated(place, choices[place], lags[place]) {
          join(&jobs, place, to: parent, repeats.runTimeCorrelation)
        } else {
          jobs.origins[place] = Int32(place)
        }
        guard resubmits, agains[place] < resubmissions.share,
          model.fails(jobs, place: place, ends[place])
        else { continue }
        let end =
          jobs.times[place]
          + model.firstRunTime(jobs, place: place, score: jobs.runTimes[place], block: block)
        let number = Int(delays[place] * Double(resubmissions.delays.count))
        submit(place, at: end + resubmissions.delays[number], &jobs.times, &failed)
      }
    }
    Self.transform(CVMFunctionNormalProbability, &jobs.runTimes)
    for place in jobs.runTimes.indices {
      jobs.runTimes[place] = min(max(jobs.runTimes[place], 0x1p-53), 1 - 0x1p-53)
    }
  }

  private static func transform(_ function: CVMFunction, _ values: inout [Double]) {
    values.withUnsafeMutableBufferPointer {
      cvm_transform(function, $0.baseAddress, $0.baseAddress, $0.count)
    }
  }

  /// The job that the one at `place` repeats; nil for none.
  private func repeated(_ place: Int, _ choice: Double, _ lag: Double) -> Int? {
    guard choice < repeats.share else { return nil }
    let back = repeats.lags[Int(lag * Double(repeats.lags.count))]
    // A lag that reaches before the block is taken within it: no job before can be looked at.
    guard place > 0 else { return nil }
    let parent = place - (back <= place ? back : 1 + back % place)
    return parent >= 0 && parent < place ? parent : nil
  }

  private func join(
    _ jobs: inout CompiledModel.Jobs, _ place: Int, to parent: Int, _ correlation: Double
  ) {
    jobs.origins[place] = jobs.origins[parent]
    jobs.classes[place] = jobs.classes[parent]
    let own = max(0, 1 - correlation * correlation).squareRoot()
    jobs.runTimes[place] = correlation * jobs.runTimes[parent] + own * jobs.runTimes[place]
  }

  /// Makes the first job that comes at `time` or later the resubmission of the one at `place`, and lets it come
  /// then. Where that one is taken, it is the next.
  private func submit(
    _ place: Int, at time: Double, _ times: inout [Double], _ failed: inout [Int32]
  ) {
    var time = time
    if let step = ticks?.submission, step > 0 { time = (time / step).rounded(.up) * step }
    var (low, high) = (place + 1, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] < time { low = middle + 1 } else { high = middle }
    }
    while low < times.count, failed[low] >= 0 { low += 1 }
    guard low < times.count else { return }
    failed[low] = Int32(place)
    times[low] = max(time, times[low - 1])
  }
}

extension WorkloadModel {
  /// Of the jobs of a class that failed and came again, the share that fails, and how many of the class's jobs they are;
  /// nil where they end as others do.
  func comingAgain(_ part: TaskClass) -> (failing: Double, share: Double)? {
    guard let resubmissions, let failing = resubmissions.failsAgain, resubmissions.share > 0,
      let failed = part.outcomes.first(where: { $0.outcome == .failed })?.share, failed > 0
    else { return nil }
    let reach = resubmissions.reach(rate: arrivals.rate, part.runTime)
    return (failing, min(failed * resubmissions.share * reach, 0.99))
  }
}
