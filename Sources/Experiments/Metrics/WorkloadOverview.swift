import Foundation
import Workload

/// A workload at a glance: counts, arrivals over time, sizes with fitted laws.
public struct WorkloadOverview: Codable, Hashable, Sendable {
  /// How many tasks were looked at: all, or the first ``limit``.
  public var tasks: Int
  /// Whether there were more.
  public var isPartial: Bool
  /// From the first submission to the last, in seconds.
  public var span: Double
  /// How many were there before the trace, and so did not arrive in it; nil for none.
  public var before: Int?
  /// Tasks by priority class, for the classes that occur.
  public var classes: [Count]
  /// Tasks submitted in each of equal steps from the first submission on; the last step is cut short.
  public var arrivals: [Int]
  /// The length of these steps in seconds.
  public var arrivalWidth: Double
  /// Run time, CPU and memory.
  public var quantities: [Quantity]

  /// The most tasks that are looked at.
  public static let limit = 1_000_000

  /// The shares that points are at, or next below: twelve a decade from 1 to 0.0001.
  public static let tails: [Double] = (0...48).map { pow(10, -Double($0) / 12) }

  /// How many of a kind.
  public struct Count: Codable, Hashable, Sendable {
    /// The kind.
    public var name: String
    /// How many.
    public var count: Int
  }

  /// The distribution of one quantity over the tasks.
  public struct Quantity: Codable, Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its unit.
    public var unit: String
    /// Tasks of which it is known, 0 included.
    public var count: Int
    /// Mean of these.
    public var mean: Double
    /// Points of the share of values that are at least as great, by value above 0.
    public var points: [Point]
    /// Laws fitted to the values above 0, best first by AIC; none where few distinct values occur.
    public var fits: [FittedCurve]
    /// Tasks beside these of which only a lower bound is known: mean, points and laws count them, by Kaplan
    /// and Meier. Nil for none.
    public var cutOff: Int?
    /// How many values the points are of, where it is a sample of them; nil where it is all.
    public var sample: Int?
  }

  /// A point of a complementary distribution function.
  public struct Point: Codable, Hashable, Sendable {
    /// The value.
    public var x: Double
    /// The share of values that are at least as great, 0…1.
    public var p: Double
  }

  /// A law and its curve.
  public struct FittedCurve: Codable, Hashable, Sendable {
    /// The law's name.
    public var law: String
    /// Its parameters, such as `mu 2.31, sigma 0.8`.
    public var parameters: String
    /// Kolmogorov-Smirnov distance from the values, 0…1.
    public var distance: Double
    /// Its complementary distribution function.
    public var points: [Point]
  }

  /// Looks at the first ``limit`` tasks of `source`.
  public init<Source: WorkloadSource & ~Copyable>(_ source: consuming Source) throws {
    var builder = Builder()
    var isPartial = false
    while let task = try source.next() {
      guard builder.tasks < Self.limit else {
        isPartial = true
        break
      }
      builder.add(task)
    }
    self = builder.finish()
    self.isPartial = isPartial
  }

  private init(
    tasks: Int, before: Int, span: Double, classes: [Count], arrivals: ArrivalBins,
    quantities: [Quantity]
  ) {
    self.tasks = tasks
    self.before = before > 0 ? before : nil
    isPartial = false
    self.span = span
    self.classes = classes
    self.arrivals = arrivals.counts
    arrivalWidth = arrivals.width
    self.quantities = quantities
  }

  /// Makes an overview of tasks that come one by one, in bounded memory.
  public struct Builder {
    /// How many tasks there were so far.
    public private(set) var tasks = 0
    private var first = 0.0
    private var hasArrivals = false
    private var last = 0.0
    private var counts = Array(repeating: 0, count: PriorityClass.allCases.count)
    private var arrivals = ArrivalBins()
    private var before = 0
    private var samples = [
      QuantitySample("run time", "s"), QuantitySample("CPU", "cores"),
      QuantitySample("memory", "GiB"),
    ]

    /// Nothing seen yet.
    public init() {}

    /// Adds a task; tasks come in order of submission.
    public mutating func add(_ task: TaskRecord) {
      let submit = task.submit.seconds
      tasks += 1
      // Time 0 stands for "before the trace": no rush at its beginning.
      if task.flags.contains(.cutOffAtStart) {
        before += 1
      } else {
        if !hasArrivals { first = submit }
        hasArrivals = true
        last = submit
        arrivals.add(max(0, submit - first))
      }
      counts[Int(task.priorityClass.rawValue)] += 1
      // A task that was cut off ran longer than is known: it is counted so, and not averaged.
      if task.tellsRunTime {
        samples[0].add(task.runTime.seconds, isCensored: task.flags.contains(.cutOffAtEnd))
      }
      // What the program itself assumed says nothing of the trace.
      guard !task.flags.contains(.requestAssumed) else { return }
      if !task.flags.contains(.cpuUnknown) { samples[1].add(task.request.cpu.value) }
      if !task.flags.contains(.memoryUnknown) { samples[2].add(task.request.memory.gibibytes) }
    }

    /// The overview.
    public consuming func finish() -> WorkloadOverview {
      let counts = counts
      return WorkloadOverview(
        tasks: tasks, before: before, span: last - first,
        classes: PriorityClass.allCases.compactMap { kind in
          let count = counts[Int(kind.rawValue)]
          return count > 0 ? Count(name: kind.name, count: count) : nil
        }, arrivals: arrivals, quantities: samples.compactMap(\.quantity))
    }
  }
}

/// Counts over time in at most 192 steps, which become twice as long when time runs past them.
private struct ArrivalBins {
  private(set) var counts: [Int] = []
  private(set) var width = 0.001

  /// Counts an arrival at `time` ≥ 0, in seconds.
  mutating func add(_ time: Double) {
    while time / width >= 192 {
      counts = stride(from: 0, to: counts.count, by: 2).map { place in
        counts[place] + (place + 1 < counts.count ? counts[place + 1] : 0)
      }
      width *= 2
    }
    let bin = Int(time / width)
    while counts.count <= bin { counts.append(0) }
    counts[bin] += 1
  }
}
