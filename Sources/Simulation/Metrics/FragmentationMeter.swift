import PortableMath
import Workload

/// Measures how much of what is free is of no use to the tasks of the workload.
///
/// After Weng et al., "Beware of fragmentation: scheduling GPU-sharing workloads with fragmentation
/// gradient descent" (USENIX ATC 2023, section 3): what a machine has free is fragmented in the eyes
/// of a task that does not fit there, because this piece or that of another resource is too small.
/// The expectation over the workload is taken over a uniform sample of the tasks submitted so far
/// (Li, "Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n)))", ACM TOMS 20, 1994).
///
/// Kept up to date machine by machine: O(log ``sampleSize``) a change, and O(machines) when the sample
/// changes, which it does about ``sampleSize`` × ln(tasks / ``sampleSize``) times.
struct FragmentationMeter {
  /// How many tasks stand for the workload.
  static var sampleSize: Int { 16 }

  /// What is free where a task of the sample does not fit, summed over machines and averaged over the
  /// sample, in fixed-point units.
  struct Stranded: Sendable {
    var cpu: Int64 = 0
    var memory: Int64 = 0
    var milliGPU: Int64 = 0

    /// What is free on one machine, where so many of the sample do not fit. Divided first: the sum
    /// over the cluster then never exceeds what is free.
    @inline(__always)
    fileprivate init(_ free: Resources, times count: Int64) {
      cpu = free.cpu.nano >> 4 * count
      memory = free.memory.rawValue >> 4 * count
      milliGPU = free.milliGPU * count
    }

    init() {}

    @inline(__always)
    fileprivate static func += (a: inout Stranded, b: Stranded) {
      a.cpu += b.cpu
      a.memory += b.memory
      a.milliGPU += b.milliGPU
    }

    @inline(__always)
    fileprivate static func -= (a: inout Stranded, b: Stranded) {
      a.cpu -= b.cpu
      a.memory -= b.memory
      a.milliGPU -= b.milliGPU
    }
  }

  private(set) var stranded = Stranded()
  private var sample: [Resources] = []
  private var ladders = Ladders()
  private var rng: RandomStream
  private var submitted = 0
  /// Which submission enters the full sample next, and the algorithm's running maximum.
  private var next = Self.sampleSize
  private var weight = 1.0

  init(seed: UInt64) { rng = RandomStream(seed: seed, name: "fragmentation") }

  /// A task has come that asks for `request`.
  @inline(__always)
  mutating func submit(_ request: Resources, _ cluster: inout Cluster) {
    submitted += 1
    if submitted >= next || submitted <= Self.sampleSize { take(request, &cluster) }
  }

  /// The free room of the machine may have changed.
  mutating func update(_ machine: Int, _ cluster: inout Cluster) {
    let part = part(of: machine, cluster)
    stranded -= cluster.states[machine].stranded
    stranded += part
    cluster.states[machine].stranded = part
  }

  @inline(__always)
  private func part(of machine: Int, _ cluster: borrowing Cluster) -> Stranded {
    // Nothing is free where it is less than nothing, as on a machine that is down.
    let free = cluster.offers[machine].union(.zero)
    return Stranded(free, times: ladders.misfits(in: free))
  }

  /// The request becomes one of the sample.
  private mutating func take(_ request: Resources, _ cluster: inout Cluster) {
    if submitted <= Self.sampleSize {
      // The first few stand for the workload in equal parts.
      sample = Array(sample.prefix(submitted - 1)) + [request]
      for place in submitted..<Self.sampleSize { sample.append(sample[place - submitted]) }
    } else {
      sample[rng.below(Self.sampleSize)] = request
    }
    if submitted >= Self.sampleSize {
      weight *= exp(log(rng.openUniform()) / Double(Self.sampleSize))
      let skip = log(rng.openUniform()) / log1p(-weight)
      next = submitted + 1 + (Int(exactly: skip.rounded(.down)) ?? Int(Int32.max))
    }
    ladders = Ladders(sample)
    stranded = Stranded()
    for machine in 0..<cluster.count {
      let part = part(of: machine, cluster)
      stranded += part
      cluster.states[machine].stranded = part
    }
  }
}

/// A sample in the order of what it asks for, of each dimension that any of it asks for.
private struct Ladders {
  enum Dimension: CaseIterable { case cpu, memory, disk, gpu }

  /// One dimension: what is asked for, ascending, from `steps` on, and for each number of steps that
  /// can be taken, from `beyond` on, which of the sample are beyond. Side by side in two arrays.
  private var dimensions: [Dimension] = []
  private var steps: [Int64] = []
  private var beyond: [UInt16] = []

  init() {}

  init(_ sample: [Resources]) {
    for dimension in Dimension.allCases {
      let amounts = sample.map { Self.amount($0, dimension) }
      let sorted = amounts.sorted()
      // If none asks for anything, all fit.
      guard let most = sorted.last, most > 0 else { continue }
      dimensions.append(dimension)
      steps += sorted
      for taken in 0...sorted.count {
        var mask: UInt16 = 0
        for (place, amount) in amounts.enumerated()
        where taken < sorted.count && amount >= sorted[taken] { mask |= 1 << UInt16(place) }
        beyond.append(mask)
      }
    }
  }

  /// How many of the sample ask for more than is free.
  @inline(__always)
  func misfits(in free: Resources) -> Int64 {
    let size = FragmentationMeter.sampleSize
    return steps.withUnsafeBufferPointer { steps in
      var misfits: UInt16 = 0
      for (place, dimension) in dimensions.enumerated() {
        let free = Self.amount(free, dimension)
        // Binary search over the 16 steps without a branch.
        let first = place * size
        var taken = first
        taken += steps[taken + 7] <= free ? 8 : 0
        taken += steps[taken + 3] <= free ? 4 : 0
        taken += steps[taken + 1] <= free ? 2 : 0
        taken += steps[taken] <= free ? 1 : 0
        taken += steps[taken] <= free ? 1 : 0
        misfits |= beyond[taken + place]
      }
      return Int64(misfits.nonzeroBitCount)
    }
  }

  @inline(__always)
  private static func amount(_ resources: Resources, _ dimension: Dimension) -> Int64 {
    switch dimension {
    case .cpu: resources.cpu.nano
    case .memory: resources.memory.rawValue
    case .disk: resources.disk.rawValue
    case .gpu: resources.milliGPU
    }
  }
}
