import CVectorMath
import Workload

/// A job as a classifier sees it: its first task, and how many tasks it has.
struct SeenJob {
  var submit: Double
  var runTime: Double
  var cpu: Double
  var memory: Double
  var gpus: Double
  var size: Double
  var priority: Double
  var user: UInt32

  /// Without what none of `others` tells: an amount that is 0 in all of them.
  func telling(whatIsIn others: Known) -> SeenJob {
    var job = self
    if !others.cpu { job.cpu = 0 }
    if !others.memory { job.memory = 0 }
    if !others.gpus { job.gpus = 0 }
    return job
  }

  /// Which requests some jobs tell.
  struct Known {
    let cpu, memory, gpus: Bool

    init(_ jobs: [SeenJob]) {
      cpu = jobs.contains { $0.cpu > 0 }
      memory = jobs.contains { $0.memory > 0 }
      gpus = jobs.contains { $0.gpus > 0 }
    }
  }

  /// Whether it asks for the same as another.
  func asksAs(_ other: SeenJob) -> Bool {
    cpu == other.cpu && memory == other.memory && gpus == other.gpus && size == other.size
  }

  /// The jobs of `records`, which are in order of submission.
  static func jobs(_ records: [TaskRecord]) -> [SeenJob] {
    var places: [Int64: Int] = [:]
    var jobs: [SeenJob] = []
    for record in records where !record.flags.contains(.cutOffAtStart) {
      let size = Double(max(1, record.instances))
      if let place = places[record.id.job] {
        jobs[place].size += size
        continue
      }
      places[record.id.job] = jobs.count
      jobs.append(
        SeenJob(
          submit: record.submit.seconds,
          runTime: record.runTime.isKnown ? record.runTime.seconds : 0,
          cpu: record.request.cpu.value, memory: record.request.memory.gibibytes,
          gpus: Double(record.request.milliGPU) / 1000, size: size,
          priority: Double(record.priorityClass.rawValue), user: record.user.rawValue))
    }
    return jobs
  }
}

/// What a classifier is told of consecutive jobs.
struct JobWindow {
  /// Columns, in words that a reader is told.
  let names: [String]
  private let length: Int

  private static let quantities = [
    "gaps between jobs", "run times", "CPU requests", "memory requests", "GPU requests",
    "job sizes", "classes",
  ]

  init(length: Int) {
    self.length = length
    var names = Self.quantities
    if length > 1 {
      names = Self.quantities.flatMap { name in
        ["mean of ", "spread of ", "least of ", "greatest of "].map { $0 + name }
      }
      names += [
        "jobs that ask for what the one before asked for", "likeness of neighbouring run times",
        "likeness of neighbouring gaps", "run time going with CPU",
        "different requests in a window",
      ]
    }
    self.names = names
  }

  /// A row for each window of jobs that follow each other without overlap.
  func rows(_ jobs: [SeenJob], limit: Int) -> [[Double]] {
    guard jobs.count > length else { return [] }
    let windows = min((jobs.count - 1) / length, limit)
    return (0..<windows).map { window in
      let first = 1 + window * length
      let part = (first..<first + length).map { place in
        Self.numbers(jobs[place], after: jobs[place - 1])
      }
      return length == 1 ? part[0] : Self.summary(part, Array(jobs[first..<first + length]))
    }
  }

  private static func numbers(_ job: SeenJob, after last: SeenJob) -> [Double] {
    func scale(_ x: Double, _ least: Double) -> Double { cvm_log(max(x, 0) + least) }
    return [
      scale(job.submit - last.submit, 0.1), scale(job.runTime, 0.1), scale(job.cpu, 0.01),
      scale(job.memory, 0.01), scale(job.gpus, 0.01), cvm_log(job.size), job.priority,
    ]
  }

  private static func summary(_ part: [[Double]], _ jobs: [SeenJob]) -> [Double] {
    let n = Double(part.count)
    func column(_ place: Int) -> [Double] { part.map { $0[place] } }
    var row: [Double] = []
    for place in quantities.indices {
      let values = column(place)
      let mean = values.reduce(0, +) / n
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
      row += [mean, variance.squareRoot(), values.min() ?? 0, values.max() ?? 0]
    }
    let same = zip(jobs, jobs.dropFirst()).count { $0.asksAs($1) }
    row.append(Double(same) / max(n - 1, 1))
    for place in [1, 0] {
      let values = column(place)
      let steps = zip(values, values.dropFirst()).map { abs($0 - $1) }
      row.append(-steps.reduce(0, +) / max(n - 1, 1))
    }
    row.append(correlation(column(1), column(2)))
    var kinds: [SeenJob] = []
    for job in jobs where !kinds.contains(where: { $0.asksAs(job) }) { kinds.append(job) }
    row.append(Double(kinds.count))
    return row
  }

  private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let n = Double(a.count)
    let (x, y) = (a.reduce(0, +) / n, b.reduce(0, +) / n)
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for (p, q) in zip(a, b) {
      xy += (p - x) * (q - y)
      xx += (p - x) * (p - x)
      yy += (q - y) * (q - y)
    }
    return xx > 1e-12 && yy > 1e-12 ? xy / (xx * yy).squareRoot() : 0
  }
}
