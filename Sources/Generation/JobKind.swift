import Fitting
import Workload

/// Jobs that are alike: of one class, and where enough of them ask for the same, of one CPU request, GPU
/// request and order of size. What jobs ask for, how many tasks they have and how long these run then
/// hang together as in the trace, whatever laws are behind it.
public struct JobKind: Codable, Sendable, Equatable {
  /// The priority class.
  public var priorityClass: String
  /// What the jobs have in common, for a reader; "others" for the rest of a class.
  public var name: String
  /// How many jobs of the trace.
  public var jobs: Int
  /// Run time of a job's first task in seconds, by Kaplan and Meier where some are censored.
  public var runTime: QuantileTable
  /// CPU of a task in cores; nil where no job tells it.
  public var cpu: QuantileTable?
  /// Memory of a task in GiB; nil where no job tells it.
  public var memory: QuantileTable?
  /// GPUs of a task; nil for none.
  public var gpus: QuantileTable?
  /// Tasks of a job; nil for one each.
  public var tasks: QuantileTable?
  /// Instances that a task stands for; nil for one each.
  public var instances: QuantileTable?
  /// Whether a task's cores need not be on one machine.
  public var spansMachines: Bool
  /// Share of the jobs of several tasks whose first two ask for the same; nil where there are none.
  public var sharedRequests: Double?
  /// Spearman's rank correlations of a first task's run time, CPU and memory among these jobs, each from
  /// the jobs that tell both.
  public var rankCorrelations: PairCorrelations
  /// Which copula joins them, by how the greatest and least values of run time, CPU and memory come together; nil for fewer
  /// than 200 jobs or values with ties, where a Gaussian one does.
  public var tail: TailDependence?
}

/// Spearman's rank correlations, each from what is known of its pair, ties by mid-ranks; nil where one of
/// the two does not vary or fewer than 30 jobs tell both.
public struct PairCorrelations: Codable, Sendable, Equatable {
  public var runTimeCPU: Double?
  public var runTimeMemory: Double?
  public var cpuMemory: Double?
}

/// A sample's own law in a few numbers: its values where they are at most 256 (each as likely as another),
/// else 257 quantiles at equal distances with straight lines between them, the last of which is set
/// so that the part above the last but one keeps its mean, as far as the greatest value lets it.
public struct QuantileTable: Codable, Sendable, Equatable {
  /// Ascending.
  public var values: [Double]
  /// Whether lines join them.
  public var isLinear: Bool

  /// The law.
  public var law: Law? {
    (try? Empirical(values, interpolation: isLinear ? .linear : .steps)).map { .empirical($0) }
  }

  /// Its mean.
  public var mean: Double { law?.mean ?? 0 }

  static let cells = 256

  /// Of `sample`, of which there must be one value; the `censored` are known to be greater than these.
  init?(_ sample: [Double], censored: [Double] = []) {
    guard !sample.isEmpty else { return nil }
    let sorted = sortedAscending(sample)
    let (n, cells) = (sorted.count, Self.cells)
    if censored.isEmpty {
      guard n > cells, sorted[0] < sorted[n - 1] else {
        values = sorted[0] == sorted[n - 1] ? [sorted[0]] : sorted
        isLinear = false
        return
      }
      let distinct = zip(sorted, sorted.dropFirst()).count { $0 < $1 } + 1
      guard distinct > cells else {
        // Few distinct values: as many equally likely ones, so that shares are kept to a thousandth.
        values = (0..<1000).map { (place: Int) -> Double in sorted[(2 * place + 1) * n / 2000] }
        isLinear = false
        return
      }
      var table = (0...cells).map { place -> Double in
        let position = Double(place) / Double(cells) * Double(n - 1)
        let index = min(n - 2, Int(position))
        let rest: Double = position - Double(index)
        let step: Double = sorted[index + 1] - sorted[index]
        return sorted[index] + rest * step
      }
      let top = sorted[(n * (cells - 1) / cells)...]
      let mean = top.reduce(0, +) / Double(top.count)
      table[cells] = min(max(table[cells - 1], 2 * mean - table[cells - 1]), sorted[n - 1])
      values = table
      isLinear = true
      return
    }
    let estimate = KaplanMeier(values: sample, censored: censored)
    var table = (0...cells).map { place -> Double in
      let below = Double(max(1, place)) / Double(cells + 1)
      return min(estimate.quantile(survival: 1 - below), estimate.end)
    }
    for place in table.indices.dropFirst() { table[place] = max(table[place], table[place - 1]) }
    values = table
    isLinear = true
  }
}

/// How jobs repeat those before them.
public struct RepeatProfile: Codable, Sendable, Equatable {
  /// Whether the trace tells users: a job's predecessor is then the last one of its user, else the last.
  public var byUser: Bool
  /// Jobs that have a predecessor among the `window` jobs before them.
  public var jobs: Int
  /// Of these, the share that asks for what the predecessor asked for.
  public var observedShare: Double
  /// The share of all jobs that repeat another beyond what chance makes alike.
  public var share: Double
  /// How many jobs ago the repeated ones were: 64 quantiles.
  public var lags: [Int]
  /// Correlation of the normal scores of the run times of a job and the one it repeats, ranks taken within
  /// their kind.
  public var runTimeCorrelation: Double

  /// Jobs that are looked back over.
  static let window = 200
}

/// What was running at a time.
public struct StandingProfile: Codable, Sendable, Equatable {
  /// How it was found, in words.
  public var origin: String
  /// Mean number of tasks.
  public var tasks: Double
  /// Their mean cores in use.
  public var cores: Double
  /// A sample of them, each as likely as another.
  public var sample: [StandingTask]
}

/// A task that was running when the workload begins.
public struct StandingTask: Codable, Sendable, Hashable {
  /// The name of its class.
  public var priorityClass: String
  /// Cores; 0 if unknown.
  public var cpu: Double
  /// GiB; 0 if unknown.
  public var memory: Double
  /// GPUs.
  public var gpus: Double
  /// Instances that it stands for.
  public var instances: Int32
  /// Whether its cores may be on several machines.
  public var spansMachines: Bool
  /// Seconds that it runs on; where the end of the trace cut it off, as long as the trace at least.
  public var rest: Double

  /// A task of these figures.
  public init(
    priorityClass: String, cpu: Double, memory: Double, gpus: Double = 0, instances: Int32 = 1,
    spansMachines: Bool = false, rest: Double
  ) {
    (self.priorityClass, self.cpu, self.memory) = (priorityClass, cpu, memory)
    (self.gpus, self.instances, self.spansMachines) = (gpus, instances, spansMachines)
    self.rest = rest
  }
}
