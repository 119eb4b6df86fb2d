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
/// Kept up to date machine by machine: O(``sampleSize``) a change at worst, and O(machines) when the
/// sample changes, which it does about ``sampleSize`` × ln(tasks / ``sampleSize``) times.
struct FragmentationMeter {
  /// How many tasks stand for the workload.
  static var sampleSize: Int { 16 }

  /// What is free where a task of the sample does not fit, summed over machines and averaged over the
  /// sample, in fixed-point units.
  struct Stranded {
    var cpu: Int64 = 0
    var memory: Int64 = 0
    var milliGPU: Int64 = 0

    /// Divided first: the sum over the cluster then never exceeds what is free.
    @inline(__always)
    fileprivate mutating func add(_ free: Resources, times count: Int64) {
      cpu += free.cpu.nano >> 4 * count
      memory += free.memory.rawValue >> 4 * count
      milliGPU += free.milliGPU * count
    }
  }

  private(set) var stranded = Stranded()
  private var sample: [Resources] = []
  /// The least and the most that any of them asks for, dimension by dimension.
  private var least = Resources.zero
  private var most = Resources.zero
  private var rng: RandomStream
  private var submitted = 0
  /// Which submission enters the full sample next, and the algorithm's running maximum.
  private var next = Self.sampleSize
  private var weight = 1.0
  /// What is free on each machine, and how many of the sample do not fit there.
  private var free: [Resources]
  private var misfits: [Int8]

  init(_ cluster: borrowing Cluster, seed: UInt64) {
    rng = RandomStream(seed: seed, name: "fragmentation")
    free = (0..<cluster.count).map { cluster.free($0).union(.zero) }
    misfits = Array(repeating: 0, count: cluster.count)
  }

  /// A task has come that asks for `request`.
  @inline(__always)
  mutating func submit(_ request: Resources) {
    submitted += 1
    if submitted >= next || submitted <= Self.sampleSize { take(request) }
  }

  /// The free room of the machine may have changed.
  mutating func update(_ machine: Int, _ cluster: borrowing Cluster) {
    let now = cluster.free(machine).union(.zero)
    let count = misfits(in: now)
    let before = Int64(misfits[machine])
    if before > 0 { stranded.add(free[machine], times: -before) }
    if count > 0 { stranded.add(now, times: Int64(count)) }
    free[machine] = now
    misfits[machine] = count
  }

  private func misfits(in free: Resources) -> Int8 {
    if most.fits(in: free) { return 0 }
    if !least.fits(in: free) { return Int8(sample.count) }
    var count: Int8 = 0
    for request in sample where !request.fits(in: free) { count += 1 }
    return count
  }

  /// The request becomes one of the sample.
  private mutating func take(_ request: Resources) {
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
    least = sample[0]
    most = sample[0]
    for other in sample {
      least = least.intersection(other)
      most = most.union(other)
    }
    stranded = Stranded()
    for machine in free.indices {
      misfits[machine] = misfits(in: free[machine])
      stranded.add(free[machine], times: Int64(misfits[machine]))
    }
  }
}

extension Resources {
  /// The smaller of the two, dimension by dimension.
  fileprivate func intersection(_ other: Resources) -> Resources {
    Resources(
      cpu: min(cpu, other.cpu), memory: min(memory, other.memory), disk: min(disk, other.disk),
      milliGPU: min(milliGPU, other.milliGPU))
  }
}
