// Lazy views of a source: each holds its base and nothing else.

extension WorkloadSource where Self: ~Copyable {
  /// The records for which `isIncluded` holds.
  @inlinable
  public consuming func filter(
    _ isIncluded: @escaping @Sendable (TaskRecord) -> Bool
  ) -> FilteredSource<Self> { FilteredSource(base: self, isIncluded: isIncluded) }

  /// Every record changed by `transform`, which must keep `submit` nondecreasing.
  @inlinable
  public consuming func map(
    _ transform: @escaping @Sendable (TaskRecord) -> TaskRecord
  ) -> MappedSource<Self> { MappedSource(base: self, transform: transform) }

  /// The records submitted in `from ..< to`. Stops reading its base at `to`.
  @inlinable
  public consuming func window(
    from: Microseconds = .zero, to: Microseconds = .never
  ) -> WindowedSource<Self> { WindowedSource(base: self, from: from, to: to) }

  /// At most the first `count` records.
  @inlinable
  public consuming func prefix(_ count: Int) -> PrefixSource<Self> {
    PrefixSource(base: self, count: count)
  }

  /// Each job with probability `fraction` (0…1), whole: the tasks of a job stay together. Which
  /// ones depends on the seed and the job number only, so a sample of a window is the window of the
  /// sample.
  @inlinable
  public consuming func sample(fraction: Double, seed: UInt64) -> FilteredSource<Self> {
    let sampler = JobSampler(fraction: fraction, seed: seed)
    return filter { sampler.includes(job: $0.id.job) }
  }

  /// Arrivals `factor` times as dense (`factor` > 0): the time since the first submission is
  /// divided by it, and what happened to the task moves along. Run times stay.
  @inlinable
  public consuming func scaleArrivals(by factor: Double) -> ScaledArrivalsSource<Self> {
    ScaledArrivalsSource(base: self, factor: factor)
  }

  /// Tasks `factor` times as long (`factor` ≥ 0): run time, its estimate and the slack to the
  /// deadline are multiplied; arrivals and requests stay.
  @inlinable
  public consuming func scaleRunTimes(by factor: Double) -> MappedSource<Self> {
    precondition(factor >= 0 && factor.isFinite, "a factor of run times is finite and not negative")
    return map { record in
      var record = record
      record.runTime = record.runTime.scaled(by: factor)
      record.estimate = record.estimate.scaled(by: factor)
      if record.deadline.isKnown {
        record.deadline = record.submit + (record.deadline - record.submit).scaled(by: factor)
      }
      return record
    }
  }
}

/// Decides by seed and job number alone which jobs are in a sample.
public struct JobSampler: Sendable {
  @usableFromInline let threshold: Double
  @usableFromInline let stream: RandomStream

  /// A sampler that keeps each job with probability `fraction` (0…1).
  @inlinable public init(fraction: Double, seed: UInt64) {
    precondition((0...1).contains(fraction), "a sampling fraction lies in 0...1")
    threshold = fraction
    stream = RandomStream(seed: seed, name: "sample")
  }

  /// Whether the job is in the sample. O(1).
  @inlinable public func includes(job: Int64) -> Bool {
    var draw = stream.at(UInt64(bitPattern: job))
    return draw.uniform() < threshold
  }
}

/// See ``WorkloadSource/filter(_:)``.
public struct FilteredSource<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  @usableFromInline var base: Base
  @usableFromInline let isIncluded: @Sendable (TaskRecord) -> Bool

  @usableFromInline
  init(base: consuming Base, isIncluded: @escaping @Sendable (TaskRecord) -> Bool) {
    self.base = base
    self.isIncluded = isIncluded
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    while let record = try base.next() { if isIncluded(record) { return record } }
    return nil
  }
}

/// See ``WorkloadSource/map(_:)``.
public struct MappedSource<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  @usableFromInline var base: Base
  @usableFromInline let transform: @Sendable (TaskRecord) -> TaskRecord

  @usableFromInline
  init(base: consuming Base, transform: @escaping @Sendable (TaskRecord) -> TaskRecord) {
    self.base = base
    self.transform = transform
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    guard let record = try base.next() else { return nil }
    return transform(record)
  }
}

/// See ``WorkloadSource/window(from:to:)``.
public struct WindowedSource<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  @usableFromInline var base: Base
  @usableFromInline let from: Microseconds
  @usableFromInline let to: Microseconds
  @usableFromInline var ended = false

  @usableFromInline init(base: consuming Base, from: Microseconds, to: Microseconds) {
    self.base = base
    self.from = from
    self.to = to
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    while !ended, let record = try base.next() {
      if record.submit >= to { break }
      if record.submit >= from { return record }
    }
    ended = true
    return nil
  }
}

/// See ``WorkloadSource/prefix(_:)``.
public struct PrefixSource<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  @usableFromInline var base: Base
  @usableFromInline var left: Int

  @usableFromInline init(base: consuming Base, count: Int) {
    precondition(count >= 0, "a prefix has no negative length")
    self.base = base
    left = count
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    guard left > 0, let record = try base.next() else {
      left = 0
      return nil
    }
    left -= 1
    return record
  }
}

/// See ``WorkloadSource/scaleArrivals(by:)``.
public struct ScaledArrivalsSource<Base: WorkloadSource & ~Copyable>: WorkloadSource, ~Copyable {
  @usableFromInline var base: Base
  @usableFromInline let factor: Double
  @usableFromInline var origin: Microseconds?

  @usableFromInline init(base: consuming Base, factor: Double) {
    precondition(factor > 0 && factor.isFinite, "an arrival factor is finite and positive")
    self.base = base
    self.factor = factor
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    guard var record = try base.next() else { return nil }
    let start = origin ?? record.submit
    origin = start
    record.moveSubmit(to: start + (record.submit - start).scaled(by: 1 / factor))
    return record
  }
}

extension TaskRecord {
  /// Moves the task's life so that it is submitted at `time`; spans keep their length.
  @inlinable public mutating func moveSubmit(to time: Microseconds) {
    let shift = time - submit
    submit = time
    if firstSchedule.isKnown { firstSchedule += shift }
    if lastSchedule.isKnown { lastSchedule += shift }
    if end.isKnown { end += shift }
    if deadline.isKnown { deadline += shift }
  }
}

extension FilteredSource: Copyable where Base: Copyable {}
extension MappedSource: Copyable where Base: Copyable {}
extension WindowedSource: Copyable where Base: Copyable {}
extension PrefixSource: Copyable where Base: Copyable {}
extension ScaledArrivalsSource: Copyable where Base: Copyable {}
