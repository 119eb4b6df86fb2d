import ArgumentParser
import Foundation
import Generation
import Runs

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
    try changes().apply(to: &argument.scenario.model)
    if let load { argument.load = load }
    try argument.setLoad(onCores: cores)
  }

  private func changes() throws -> ModelChanges {
    var changes = ModelChanges()
    changes.scaleRunTimes = scaleRunTimes
    changes.scaleRequests = scaleRequests
    changes.tailIndex = tailIndex
    changes.bursts = try bursts.map(ModelChanges.Bursts.init)
    changes.diurnal = diurnal
    changes.mix = try mix.map(ModelChanges.mix)
    changes.rate = rate
    changes.replayArrivals = replayArrivals
    return changes
  }
}

extension MarginChoice: ExpressibleByArgument {}
extension ArrivalChoice: ExpressibleByArgument {}
extension DependenceChoice: ExpressibleByArgument {}
