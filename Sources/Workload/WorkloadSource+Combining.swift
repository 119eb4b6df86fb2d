// Several sources, or one several times, as one.

extension WorkloadSource where Self: ~Copyable {
  /// This source, then `other` moved so that it begins when the last task of this one is submitted.
  @inlinable
  public consuming func concatenate<Other: WorkloadSource<Failure> & ~Copyable>(
    _ other: consuming Other
  ) -> ConcatenatedSource<Self, Other> { ConcatenatedSource(first: self, second: other) }
}

/// Several sources merged by submit time; ties go to the earlier source in the list.
///
/// A merge of k sources costs O(k) a record: k is the number of clusters or classes, small.
public struct MergedSource<Failure: Error>: WorkloadSource {
  private let sources: [AnyWorkloadSource<Failure>]
  private var heads: [TaskRecord?]
  private var primed = false

  /// Merges `sources`.
  public init(_ sources: [AnyWorkloadSource<Failure>]) {
    self.sources = sources
    heads = Array(repeating: nil, count: sources.count)
  }

  public var isUsedUp: Bool { !primed && sources.contains { $0.isUsedUp } }

  public mutating func next() throws(Failure) -> TaskRecord? {
    if !primed {
      primed = true
      for index in sources.indices { heads[index] = try sources[index].next() }
    }
    var best: Int?
    for index in heads.indices {
      guard let head = heads[index] else { continue }
      if let current = best, let least = heads[current], least.submit <= head.submit { continue }
      best = index
    }
    guard let best else { return nil }
    let record = heads[best]
    heads[best] = nil
    heads[best] = try sources[best].next()
    return record
  }
}

/// See ``WorkloadSource/concatenate(_:)``.
public struct ConcatenatedSource<
  First: WorkloadSource & ~Copyable, Second: WorkloadSource<First.Failure> & ~Copyable
>: WorkloadSource, ~Copyable {
  @usableFromInline var first: First
  @usableFromInline var second: Second
  @usableFromInline var firstEnded = false
  @usableFromInline var last = Microseconds.zero
  @usableFromInline var shift: Microseconds?

  @usableFromInline init(first: consuming First, second: consuming Second) {
    self.first = first
    self.second = second
  }

  @inlinable public var isUsedUp: Bool { first.isUsedUp || second.isUsedUp }

  @inlinable public mutating func next() throws(First.Failure) -> TaskRecord? {
    if !firstEnded {
      if let record = try first.next() {
        last = record.submit
        return record
      }
      firstEnded = true
    }
    guard var record = try second.next() else { return nil }
    let by = shift ?? (last - record.submit)
    shift = by
    record.moveSubmit(to: record.submit + by)
    return record
  }
}

/// A source several times over, each round beginning `gap` after the last submission of the one
/// before. Jobs keep their numbers; a scheduler tells rounds apart by submit time.
///
/// The source is made anew for each round, since one that is a reference (a trace's records, a
/// type-erased source) is used up after the first.
public struct RepeatedSource<Base: WorkloadSource>: WorkloadSource {
  @usableFromInline let make: () throws(Base.Failure) -> Base
  @usableFromInline var current: Base?
  @usableFromInline var left: Int
  @usableFromInline let gap: Microseconds
  @usableFromInline var last = Microseconds.zero
  @usableFromInline var shift: Microseconds? = .zero

  /// `count` rounds of what `make` gives; it is called when a round begins.
  public init(
    count: Int, gap: Microseconds = .zero, make: @escaping () throws(Base.Failure) -> Base
  ) {
    precondition(count >= 0, "a source cannot be repeated a negative number of times")
    self.make = make
    left = count
    self.gap = gap
  }

  @inlinable public mutating func next() throws(Base.Failure) -> TaskRecord? {
    while left > 0 {
      if current == nil { current = try make() }
      if var record = try current?.next() {
        let by = shift ?? (last + gap - record.submit)
        shift = by
        record.moveSubmit(to: record.submit + by)
        last = record.submit
        return record
      }
      left -= 1
      current = nil
      shift = nil
    }
    return nil
  }
}

extension ConcatenatedSource: Copyable where First: Copyable, Second: Copyable {}
