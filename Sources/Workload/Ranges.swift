/// The ranges of what enters the program: stated once, here, and checked wherever data come in.
///
/// A value out of range is an error with its place, or a rejected row where rejects are counted.
/// Behind the doors nothing is checked again, because no sum can overflow:
///
/// - *Times.* A time or span is below 2^53 µs (285 years), which a `Double` holds exactly. Sums of
///   times saturate at ``Microseconds/never``, so that no number of them traps; a simulated clock
///   that would pass 2^63 µs leaves its tasks unfinished.
/// - *Amounts.* A request or capacity is below 2^54 of each fixed-point unit: 18 million cores, 16 PiB.
///   The machines of a cluster have at most 2^61 together (checked where they come together), and
///   what runs holds at most what there is: claims, capacities, what is free, stranded or held by a
///   user, and the sum or difference of any two of them stay below 2^63. A thousandth of a GPU is a
///   coarser unit: 10^9 a machine and 10^7 machines are 10^16, of which the stranded share takes 16
///   times as much.
/// - *What waits* is bounded by no machine. 2^26 tasks in flight may ask for 2^80; these sums are
///   kept in 128 bits.
/// - *Integrals* over time, of amounts and of counts, are below 2^61 × 2^63 = 2^124, in 128 bits.
/// - *Counts.* Attempts, instances and indices fit in 32 bits; sums of them over the records of a
///   workload, at most 10^12 × 10^7, in 64.
public enum Ranges {
  /// Times and spans, in µs.
  @inlinable public static var time: ClosedRange<Int64> { 0...(1 << 53) - 1 }
  /// The same in seconds.
  @inlinable public static var seconds: ClosedRange<Double> { 0...9_007_199_254 }
  /// CPU in nanocores; memory, disk and data in bytes.
  @inlinable public static var amount: ClosedRange<Int64> { 0...(1 << 54) - 1 }
  /// CPU in cores.
  @inlinable public static var cores: ClosedRange<Double> { 0...18_014_398 }
  /// Requests and capacities in the Google traces, of the largest machine's: a hundred of it.
  @inlinable public static var share: ClosedRange<Double> { 0...100 }
  /// Thousandths of GPUs.
  @inlinable public static var milliGPU: ClosedRange<Int64> { 0...1_000_000_000 }
  /// What all machines of a cluster have together, of each unit.
  @inlinable public static var total: ClosedRange<Int64> { 0...1 << 61 }
  /// Tasks that one record stands for.
  @inlinable public static var instances: ClosedRange<Int64> { 1...1_000_000 }
  /// Times that a task was started.
  @inlinable public static var attempts: ClosedRange<Int64> { 0...10_000_000 }
  /// A task's place in its job.
  @inlinable public static var taskIndex: ClosedRange<Int64> { 0...Int64(Int32.max) }
  /// A trace's own priority numbers; -1 is none.
  @inlinable public static var priority: ClosedRange<Int64> { -1...Int64(Int16.max) }
  /// Latency sensitivity; -1 is not known.
  @inlinable public static var schedulingClass: ClosedRange<Int64> { -1...3 }
  /// Machines of a cluster that is drawn from a specification: 0.5 kB each in a run.
  @inlinable public static var machines: ClosedRange<Int> { 0...1_000_000 }
  /// Tasks of a workload.
  @inlinable public static var tasks: ClosedRange<Int> { 0...1_000_000_000_000 }
  /// Jobs a second.
  @inlinable public static var rate: ClosedRange<Double> { 1e-9...1e9 }
  /// Factors of speeds, run times, requests and arrivals.
  @inlinable public static var factor: ClosedRange<Double> { 1e-6...1e6 }
}

extension Microseconds {
  /// Whether it is a time or span that may come in.
  @inlinable public var isInRange: Bool { Ranges.time.contains(rawValue) }
  /// The nearest time in range.
  @inlinable public var clamped: Microseconds {
    Microseconds(min(max(rawValue, Ranges.time.lowerBound), Ranges.time.upperBound))
  }
}

extension Resources {
  /// What is out of range of a request or capacity, for a message; nil if nothing is.
  public var rangeIssue: String? {
    func issue(_ name: String, _ value: Int64, _ range: ClosedRange<Int64>) -> String? {
      range.contains(value)
        ? nil : "\(name) \(value) is not from \(range.lowerBound) to \(range.upperBound)"
    }
    if !Ranges.amount.contains(cpu.nano) {
      let (whole, rest) = cpu.nano.quotientAndRemainder(dividingBy: 1_000_000_000)
      let (most, part) = Ranges.amount.upperBound.quotientAndRemainder(dividingBy: 1_000_000_000)
      return "a CPU amount of \(rest == 0 ? "\(whole)" : "\(cpu.value)") cores is not from 0 to "
        + "\(most).\(part)"
    }
    return issue("a memory amount in bytes of", memory.rawValue, Ranges.amount)
      ?? issue("a disk amount in bytes of", disk.rawValue, Ranges.amount)
      ?? issue("a GPU amount in thousandths of", milliGPU, Ranges.milliGPU)
  }
}

extension TaskRecord {
  /// Whether all of it is in its ranges. O(1), and no text is made.
  public var isInRange: Bool {
    func fits(_ time: Microseconds) -> Bool { !time.isKnown || Ranges.time.contains(time.rawValue) }
    func fit(_ amounts: Resources) -> Bool {
      Ranges.amount.contains(amounts.cpu.nano) && Ranges.amount.contains(amounts.memory.rawValue)
        && Ranges.amount.contains(amounts.disk.rawValue)
        && Ranges.milliGPU.contains(amounts.milliGPU)
    }
    return Ranges.time.contains(submit.rawValue) && Ranges.time.contains(runTime.rawValue)
      && Ranges.time.contains(waitTime.rawValue) && fits(firstSchedule) && fits(lastSchedule)
      && fits(end) && fits(deadline) && fits(estimate) && fit(request) && fit(maxRequest)
      && Ranges.instances.contains(Int64(instances)) && Ranges.attempts.contains(Int64(attempts))
      && Ranges.taskIndex.contains(Int64(id.index)) && Ranges.priority.contains(Int64(priority))
      && Ranges.schedulingClass.contains(Int64(schedulingClass))
  }

  /// What of it is out of range, for a message; nil if nothing is.
  public var rangeIssue: String? {
    if isInRange { return nil }
    func issue(_ name: String, _ value: Int64, _ range: ClosedRange<Int64>) -> String? {
      range.contains(value)
        ? nil : "\(name) \(value) is not from \(range.lowerBound) to \(range.upperBound)"
    }
    let spans = [("submit_us", submit), ("run_us", runTime), ("wait_us", waitTime)]
    for (name, time) in spans {
      if let issue = issue(name, time.rawValue, Ranges.time) { return issue }
    }
    let times = [
      ("first_schedule_us", firstSchedule), ("last_schedule_us", lastSchedule), ("end_us", end),
      ("deadline_us", deadline), ("estimate_us", estimate),
    ]
    for (name, time) in times where time.isKnown {
      if let issue = issue(name, time.rawValue, Ranges.time) { return issue }
    }
    return request.rangeIssue ?? maxRequest.rangeIssue
      ?? issue("instances", Int64(instances), Ranges.instances)
      ?? issue("attempts", Int64(attempts), Ranges.attempts)
      ?? issue("task_index", Int64(id.index), Ranges.taskIndex)
      ?? issue("priority", Int64(priority), Ranges.priority)
      ?? issue("scheduling_class", Int64(schedulingClass), Ranges.schedulingClass)
  }
}

extension MachineEvent {
  /// What of it is out of range, for a message; nil if nothing is.
  public var rangeIssue: String? {
    time.isInRange || !time.isKnown
      ? capacity.rangeIssue : "time \(time.rawValue) is not from 0 to \(Ranges.time.upperBound)"
  }
}
