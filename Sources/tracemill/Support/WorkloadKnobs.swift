import ArgumentParser
import Fitting
import Foundation
import Generation
import Runs
import TraceInput
import TraceParsing
import Workload

/// What of a synthetic workload is to be different: the knobs of a study.
struct WorkloadKnobs: ParsableArguments {
  @Option(help: ArgumentHelp("So many tasks; 10,000 if nothing is said.", valueName: "number"))
  var tasks: Int?

  @Option(
    help: ArgumentHelp("The tasks submitted in this time: 3600, 2h, 7d.", valueName: "time"))
  var duration: TraceTime?

  @Option(
    help: ArgumentHelp(
      "Scale arrivals to this offered CPU load on --cluster or --cores.", valueName: "load"))
  var load: Double?

  @Option(help: ArgumentHelp("The cluster whose load that is.", valueName: "cluster"))
  var cluster: String?

  @Option(help: ArgumentHelp("Its cores (times speeds), instead.", valueName: "cores"))
  var cores: Double?

  @Option(help: ArgumentHelp("Jobs a second.", valueName: "rate"))
  var rate: Double?

  @Option(
    name: [.customLong("scale-run-times"), .customLong("scale-load")],
    help: ArgumentHelp("Run times so many times as long.", valueName: "factor"))
  var scaleRunTimes: Double?

  @Option(help: ArgumentHelp("CPU and memory so many times as much.", valueName: "factor"))
  var scaleRequests: Double?

  @Option(
    help: ArgumentHelp(
      "Tail index of the run times: P(X > x) falls as x to minus this.", valueName: "index"))
  var tailIndex: Double?

  @Option(
    help: ArgumentHelp(
      "Arrivals in bursts: times the rate, share of the time, mean length, such as 5,0.1,60s.",
      valueName: "factor,share,length"))
  var bursts: String?

  @Option(
    help: ArgumentHelp(
      "Arrivals that go up and down by this share of the mean each day.", valueName: "amplitude"))
  var diurnal: Double?

  @Option(
    help: ArgumentHelp(
      "Shares of the jobs by class, such as production=0.4,batch=0.5; the rest in proportion.",
      valueName: "list"))
  var mix: String?

  @Option(
    help: ArgumentHelp(
      "Replay the gaps between the jobs of this trace.", valueName: "trace"))
  var replayArrivals: String?

  @Option(
    help: "Laws of a profile: the distinct values where there are few, the fits, or the data's own."
  )
  var margins = MarginChoice.best

  @Option(
    help:
      "Arrivals of a profile: cycles and bursts on several time scales, bursts on one, Poisson, or by the hour of the day."
  )
  var arrivals = ArrivalChoice.best

  @Option(
    help:
      "How what a profile knows of a job hangs together: kinds of jobs, repeats and what runs at the beginning (best), rank correlations alone (pairs), or not."
  )
  var dependence = DependenceChoice.best

  mutating func validate() throws {
    for (name, value) in [
      ("--load", load), ("--cores", cores), ("--rate", rate),
      ("--scale-run-times", scaleRunTimes), ("--scale-requests", scaleRequests),
      ("--tail-index", tailIndex),
    ] {
      if let value, !(value > 0 && value <= 1e9) {
        throw ValidationError("\(name) is more than 0 and at most 1e9")
      }
    }
    if let tasks, !(0...1_000_000_000_000).contains(tasks) {
      throw ValidationError("--tasks is from 0 to 1e12")
    }
    if let diurnal, !(0...1).contains(diurnal) {
      throw ValidationError("--diurnal is from 0 to 1")
    }
    if load != nil, (cluster == nil) == (cores == nil) {
      throw ValidationError("--load needs either --cluster or --cores")
    }
    if load != nil, rate != nil { throw ValidationError("--load and --rate exclude each other") }
  }

  /// The cores that a load is the load of.
  func cores(reading: ReadingSettings, seed: UInt64) throws -> Double? {
    if let cores { return cores }
    guard let cluster else { return nil }
    return try NamedCluster(cluster, reading: reading).layout(seed: seed).effectiveCores
  }

  /// Turns the knobs.
  func apply(to argument: inout NamedModel, cores: Double?) throws {
    if let tasks { argument.scenario.extent.tasks = tasks }
    if let duration { argument.scenario.extent.duration = duration.value }
    do {
      try turn(&argument.scenario.model)
    } catch let error as WorkloadModelError {
      throw CommandFailure(error)
    } catch let error as FittingError {
      throw CommandFailure(error)
    }
    if let load { argument.load = load }
    try argument.setLoad(onCores: cores)
  }

  private func turn(_ model: inout WorkloadModel) throws {
    if let scaleRunTimes { try model.scaleRunTimes(by: scaleRunTimes) }
    if let scaleRequests { try model.scaleRequests(by: scaleRequests) }
    if let tailIndex { try model.setTailIndex(tailIndex) }
    if let bursts {
      let parts = bursts.split(separator: ",").map(String.init)
      guard parts.count == 3, let factor = Double(parts[0]), let share = Double(parts[1]),
        let length = TraceTime(argument: parts[2])
      else {
        throw CommandFailure(message: "--bursts '\(bursts)': expected factor,share,length")
      }
      try model.setBursts(factor: factor, share: share, length: length.value.seconds)
    }
    if let diurnal {
      model.arrivals.weeklyCurve = ArrivalModel.dailyCurve(amplitude: diurnal, peakHour: 14)
    }
    if let mix {
      var shares: [String: Double] = [:]
      for item in mix.split(separator: ",") {
        let pair = item.split(separator: "=").map(String.init)
        guard pair.count == 2, let share = Double(pair[1]) else {
          throw CommandFailure(message: "--mix '\(item)': expected class=share")
        }
        shares[pair[0]] = share
      }
      try model.setClassMix(shares)
    }
    if let rate { model.arrivals.rate = rate }
    if let replayArrivals { try replay(replayArrivals, &model) }
  }

  /// The gaps between the jobs of a trace, at its own rate unless another was asked for.
  private func replay(_ path: String, _ model: inout WorkloadModel) throws {
    let meter = ReadMeter()
    let reading = ReadingSettings()
    let stream = try reading.open(path, meter: meter).records(reading.readOptions(meter: meter))
    var seen: Set<Int64> = []
    var gaps: [Double] = []
    var last: Microseconds?
    while let record = try stream.next() {
      guard !record.flags.contains(.cutOffAtStart), seen.insert(record.id.job).inserted else {
        continue
      }
      if let last { gaps.append((record.submit - last).seconds) }
      last = record.submit
    }
    let total = gaps.reduce(0, +)
    guard total > 0 else {
      throw CommandFailure(message: "\(path): no gaps between jobs to replay")
    }
    model.arrivals.process = .replayed(gaps)
    model.arrivals.weeklyCurve = []
    if rate == nil { model.arrivals.rate = Double(gaps.count) / total }
  }
}

extension MarginChoice: ExpressibleByArgument {}
extension ArrivalChoice: ExpressibleByArgument {}
extension DependenceChoice: ExpressibleByArgument {}
