import Workload

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
  struct Stranded {
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

    fileprivate init() {}

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
  /// The sample by what it asks for, of each dimension that any of it asks for.
  private var ladders: [Ladder] = []
  private var rng: RandomStream
  private var submitted = 0
  /// Which submission enters the full sample next, and the algorithm's running maximum.
  private var next = Self.sampleSize
  private var weight = 1.0
  /// Each machine's part of the sum.
  private var parts: [Stranded]

  init(_ cluster: borrowing Cluster, seed: UInt64) {
    rng = RandomStream(seed: seed, name: "fragmentation")
    parts = Array(repeating: Stranded(), count: cluster.count)
  }

  /// A task has come that asks for `request`.
  @inline(__always)
  mutating func submit(_ request: Resources, _ cluster: borrowing Cluster) {
    submitted += 1
    if submitted >= next || submitted <= Self.sampleSize { take(request, cluster) }
  }

  /// The free room of the machine may have changed.
  mutating func update(_ machine: Int, _ cluster: borrowing Cluster) {
    let part = part(of: machine, cluster)
    stranded -= parts[machine]
    stranded += part
    parts[machine] = part
  }

  @inline(__always)
  private func part(of machine: Int, _ cluster: borrowing Cluster) -> Stranded {
    let free = cluster.free(machine).union(.zero)
    return Stranded(free, times: misfits(in: free))
  }

  @inline(__always)
  private func misfits(in free: Resources) -> Int64 {
    var misfits: UInt16 = 0
    for ladder in ladders { misfits |= ladder.misfits(in: free) }
    return Int64(misfits.nonzeroBitCount)
  }

  /// The request becomes one of the sample.
  private mutating func take(_ request: Resources, _ cluster: borrowing Cluster) {
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
    ladders = Ladder.Dimension.allCases.compactMap { Ladder(sample, $0) }
    stranded = Stranded()
    for machine in parts.indices {
      parts[machine] = part(of: machine, cluster)
      stranded += parts[machine]
    }
  }
}

/// A sample in the order of what it asks for in one dimension.
private struct Ladder {
  enum Dimension: CaseIterable { case cpu, memory, disk, gpu }

  private let dimension: Dimension
  /// What it asks for, ascending.
  private var steps: [Int64]
  /// For each number of steps that can be taken, which of the sample are beyond.
  private var beyond: [UInt16]

  /// Nil if none asks for anything: then all fit.
  init?(_ sample: [Resources], _ dimension: Dimension) {
    self.dimension = dimension
    let amounts = sample.map { Self.amount($0, dimension) }
    steps = amounts.sorted()
    guard let most = steps.last, most > 0 else { return nil }
    beyond = []
    for taken in 0...steps.count {
      var mask: UInt16 = 0
      for (place, amount) in amounts.enumerated()
      where taken < steps.count && amount >= steps[taken] { mask |= 1 << UInt16(place) }
      beyond.append(mask)
    }
  }

  /// Which of the sample ask for more than is free.
  @inline(__always)
  func misfits(in free: Resources) -> UInt16 {
    let free = Self.amount(free, dimension)
    // Binary search over the 16 steps without a branch.
    return steps.withUnsafeBufferPointer { steps in
      var taken = steps[7] <= free ? 8 : 0
      taken += steps[taken + 3] <= free ? 4 : 0
      taken += steps[taken + 1] <= free ? 2 : 0
      taken += steps[taken] <= free ? 1 : 0
      taken += steps[taken] <= free ? 1 : 0
      return beyond[taken]
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
