// Draws values of every law and whole workloads, or the workloads of presets and profiles that are named:
// `bench-draw [NAME …]`.
// Prints set-up and draws a CPU-second. The sums of what is drawn are printed, so that nothing can be left out.
import Fitting
import Foundation
import Generation
import Workload

/// CPU-seconds of the process.
private func cpu() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

private func laws() throws -> [(String, Law)] {
  var laws: [(String, Law)] = []
  for family in Family.allCases {
    for parameters in family.examples {
      let law = try Law(family, parameters)
      let words = zip(family.parameterNames, parameters).map { "\($0) \($1)" }
      laws.append(("\(family.rawValue) \(words.joined(separator: ", "))", law))
    }
    guard let example = family.examples.first.flatMap({ try? Law(family, $0) }) else { continue }
    let (low, high) = (example.quantile(0.2), example.quantile(0.95))
    if let law = try? example.limited(by: .truncated(lower: low, upper: high)) {
      laws.append(("\(family.rawValue), truncated", law))
    }
    if let law = try? example.limited(by: .clamped(lower: low, upper: high)) {
      laws.append(("\(family.rawValue), clamped", law))
    }
    let far = example.upperQuantile(1e-5)
    if let law = try? example.limited(by: .truncated(lower: far, upper: .infinity)) {
      laws.append(("\(family.rawValue), its tail from 1e-5 on", law))
    }
  }
  var rng = RandomStream(seed: 1, name: "values")
  let values = (0..<1001).map { _ in rng.exponential(mean: 100) }.sorted()
  laws.append(("empirical, steps", .empirical(try Empirical(values, interpolation: .steps))))
  laws.append(("empirical, lines", .empirical(try Empirical(values, interpolation: .linear))))
  return laws
}

private func draw(_ name: String, _ law: Law) {
  let start = cpu()
  let sampler = MarginSampler(law)
  let ready = cpu()
  let stream = RandomStream(seed: 1, name: "draws")
  var (sum, count) = (0.0, 0)
  withUnsafeTemporaryAllocation(of: Double.self, capacity: 256) { column in
    // A tenth of a second at least.
    while count < 256 || (cpu() - ready < 0.1 && count < 1 << 30) {
      for _ in 0..<(count < 4096 ? 1 : 256) {
        stream.openUniforms(from: UInt64(count), into: column)
        sampler.transform(column)
        for value in column { sum += min(value, 1e12) }
        count += column.count
      }
    }
  }
  let speed = Double(count) / (cpu() - ready) / 1e6
  print(
    String(format: "%8.2f %10.1f  ", speed, (ready - start) * 1e3), name,
    "(mean \(sum / Double(count)))", sampler.isSlow ? "SEARCHED FOR" : "")
}

/// Laws that are hard to tabulate.
private let hard: [(family: Family, parameters: [Double])] = [
  (.gamma, [0.01, 100]), (.gamma, [0.001, 1]), (.gamma, [1e5, 1]), (.gamma, [1e8, 1e-8]),
  (.lognormalMixture2, [0.5, 0, 0.001, 10, 0.001]),
  (.lognormalMixture2, [0.01, -20, 3, 20, 0.01]),
  (.lognormalMixture3, [0.3, 0, 0.01, 0.3, 1, 0.01, 5, 2]),
  (.hyperErlang2, [0.5, 100, 100, 1, 0.01]), (.hyperErlang2, [0.5, 1, 1000, 1, 1e-6]),
  (.zeta, [1.1, 1]), (.zeta, [1.01, 1]), (.zeta, [1.3, 100_000]), (.geometric, [1e-7]),
  (.negativeBinomial, [0.01, 1000]), (.negativeBinomial, [3, 1e6]),
  (.negativeBinomial, [1000, 1e5]), (.truncatedPowerLaw, [2.5, 1e-9, 1]),
  (.truncatedPowerLaw, [1.01, 1, 1e-6]), (.truncatedPowerLaw, [5, 1e-3, 1000]),
  (.truncatedPowerLaw, [-3, 1, 1]), (.logGamma, [0.01, 1, 1]), (.logGamma, [2000, 0.001, 1]),
  (.generalizedPareto, [3, 1, 0]), (.generalizedPareto, [-2, 1, 0]), (.burrXII, [0.01, 1, 1]),
]

/// All that a model can have.
private func everything(_ base: WorkloadModel) throws -> WorkloadModel {
  var model = base
  model.estimates = .named("tsafrir")
  model.details = TraceDetails(users: 300, machines: 1000)
  model.repeats = RepeatModel(share: 0.5, lags: Array(1...64), runTimeCorrelation: 0.7)
  model.resubmissions = ResubmissionModel(
    share: 0.5, delays: (0..<64).map { Double($0) }, failsAgain: 0.5, runTimeCorrelation: 0.5)
  let weights = model.classes.map { _ in 1.0 }
  model.clients = ClientModel(
    session: 600,
    clients: (0..<40).map {
      Client(share: 1 / 40.0, activity: $0 % 2 == 0 ? 0.3 : 1, classes: weights)
    })
  model.ticks = ClockTicks(submission: 1, runTime: 1)
  let sample = StandingTask(
    priorityClass: "production", cpu: 1, memory: 2, rest: 3600)
  model.standing = StandingModel(count: 1000, sample: [sample])
  let stages = try [(4.0, 0.2, 0.01, 0.002), (3, 0.5, 0.001, 0.0004), (2, 0.5, 1e-4, 4e-5)].map {
    try MMPP2(busyRate: $0.0, quietRate: $0.1, leavingBusy: $0.2, leavingQuiet: $0.3)
  }
  model.arrivals = ArrivalModel(
    rate: 1, process: .cascade(stages),
    weeklyCurve: ArrivalModel.dailyCurve(amplitude: 0.5, peakHour: 15))
  model.arrivals.batches = BatchModel(share: 0.3, gaps: [0, 1, 2, 5])
  for place in model.classes.indices {
    var part = model.classes[place]
    part.runTime = try Law(.gamma, Family.gamma.examples[0])
    part.cpu = try Law.atoms([(1, 5), (2, 3), (4, 1)])
    part.memory = try Law(.lognormalMixture3, Family.lognormalMixture3.examples[0])
    part.disk = try Law(.lognormal, [1, 1])
    part.gpus = try Law.atoms([(0, 8), (1, 1)])
    part.jobSize = try Law(.geometric, Family.geometric.examples[0])
    part.instances = try Law(.zeta, [2.5, 1])
    part.withinJobs = 0.5
    part.correlations = TaskCorrelations(
      runTimeCPU: 0.3, runTimeMemory: 0.3, cpuMemory: 0.5, degreesOfFreedom: 4)
    part.outcomes = [
      OutcomeShare(.finished, 0.7), OutcomeShare(.failed, 0.2), OutcomeShare(.killed, 0.1),
    ]
    part.unstarted = 0.3
    part.wait = try Law(.exponential, [0.1])
    part.attempts = try Law(.geometric, Family.geometric.examples[0])
    part.deadlineFactor = 2
    model.classes[place] = part
  }
  return model
}

private func draw(_ name: String, _ model: WorkloadModel) throws {
  var start = cpu()
  var source = try SyntheticWorkload(model, seed: 1)
  // Tables are made when the first tasks are drawn, or before.
  _ = source.next()
  let setUp = cpu() - start
  start = cpu()
  var (work, count) = (0.0, 0)
  while count % 4096 != 0 || cpu() - start < 1 {
    guard let task = source.next() else { break }
    work += task.runTime.seconds * task.request.cpu.value + Double(task.submit.rawValue & 1)
    count += 1
  }
  let speed = Double(count) / (cpu() - start) / 1e6
  print(
    String(format: "%8.2f %10.1f  ", speed, setUp * 1e3), name, "(mean \(work / Double(count)))")
}

extension Law {
  fileprivate static func atoms(_ atoms: [(Double, Int)]) throws -> Law {
    .empirical(try Empirical(atoms.flatMap { Array(repeating: $0.0, count: $0.1) }))
  }
}

@main struct BenchDraw {
  static func main() throws {
    var wanted = Array(CommandLine.arguments.dropFirst())
    if wanted.isEmpty {
      print("M/CPU-s  set-up, ms   law")
      for (name, law) in try laws() { draw(name, law) }
      for (family, parameters) in hard {
        let words = zip(family.parameterNames, parameters).map { "\($0) \($1)" }
        draw("\(family.rawValue) \(words.joined(separator: ", "))", try Law(family, parameters))
      }
    }
    print("\nM/CPU-s  set-up, ms   workload, whole records")
    if wanted.isEmpty { wanted = WorkloadModel.presetNames + ["everything"] }
    for name in wanted {
      var notes: [Note] = []
      if let model = WorkloadModel.preset(name) {
        try draw(name, model)
      } else if name == "everything" {
        try draw("the study with everything that a model can have", everything(.study))
      } else {
        let profile = try WorkloadProfile(json: Data(contentsOf: URL(filePath: name)))
        try draw(name, WorkloadModel(profile, notes: &notes))
      }
    }
  }
}
