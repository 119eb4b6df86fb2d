import Workload

/// Checks that a workload source keeps the requirements of `WorkloadSource`.
///
/// For a test of your own source, in whatever framework:
/// ```swift
/// let violations = WorkloadTestKit.check { MySource(seed: 7) }
/// #expect(violations.isEmpty)
/// ```
///
/// The closure must make the same source anew each time, from the same input and seed. A source
/// that never ends is checked over its first `limit` records.
public enum WorkloadTestKit {
  /// A requirement that was not kept, in words.
  public typealias Violation = String

  /// What is wrong with the sources that `make` makes; empty if nothing is.
  ///
  /// - Parameters:
  ///   - limit: how many records are looked at.
  ///   - make: makes the source; its errors count as violations.
  public static func check<Source: WorkloadSource & ~Copyable>(
    limit: Int = 100_000, _ make: () throws -> Source
  ) -> [Violation] {
    var violations: [Violation] = []
    do {
      let singles = try records(make(), limit: limit, violations: &violations)
      checkRecords(singles, &violations)
      let again = try records(make(), limit: limit, violations: &violations)
      if singles != again {
        violations.append(
          "determinism: a second source gave \(difference(singles, again))")
      }
      for size in [1, 7, 64, 1000] {
        let batched = try batches(of: size, make(), limit: limit, violations: &violations)
        if batched != singles {
          violations.append("batches of \(size) gave \(difference(singles, batched))")
        }
      }
      let mixed = try alternating(make(), limit: limit)
      if mixed != singles {
        violations.append("next() and read(into:) in turn gave \(difference(singles, mixed))")
      }
    } catch {
      violations.append("it threw: \(error)")
    }
    return violations
  }

  private static func records<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source, limit: Int, violations: inout [Violation]
  ) throws -> [TaskRecord] {
    var records: [TaskRecord] = []
    while records.count < limit {
      guard let record = try source.next() else {
        for call in 1...3 where try source.next() != nil {
          violations.append("end: next() gave a record \(call) calls after it gave nil")
        }
        var batch = [TaskRecord]()
        try batch.fill(4, from: &source)
        if !batch.isEmpty { violations.append("end: read(into:) gave records after nil") }
        break
      }
      records.append(record)
    }
    return records
  }

  private static func batches<Source: WorkloadSource & ~Copyable>(
    of size: Int, _ source: consuming Source, limit: Int, violations: inout [Violation]
  ) throws -> [TaskRecord] {
    var records: [TaskRecord] = []
    while records.count < limit {
      var batch = [TaskRecord]()
      try batch.fill(min(size, limit - records.count), from: &source)
      if batch.isEmpty {
        if try source.next() != nil {
          violations.append("batches: an empty batch of \(size) before the end")
        }
        break
      }
      records += batch
    }
    return records
  }

  private static func alternating<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source, limit: Int
  ) throws -> [TaskRecord] {
    var records: [TaskRecord] = []
    while records.count < limit {
      if records.count % 3 == 0 {
        guard let record = try source.next() else { break }
        records.append(record)
      } else {
        var batch = [TaskRecord]()
        try batch.fill(min(5, limit - records.count), from: &source)
        if batch.isEmpty { break }
        records += batch
      }
    }
    return records
  }

  private static func checkRecords(_ records: [TaskRecord], _ violations: inout [Violation]) {
    for (index, record) in records.enumerated() {
      if index > 0, record.submit < records[index - 1].submit {
        violations.append(
          "order: record \(index) is submitted at \(record.submit.rawValue), "
            + "the one before at \(records[index - 1].submit.rawValue)")
        break
      }
      if let problem = problem(record) {
        violations.append("record \(index) (job \(record.id.job)): \(problem)")
        break
      }
    }
  }

  private static func problem(_ record: TaskRecord) -> String? {
    let none = Resources.zero
    if record.submit < .zero || !record.submit.isKnown { return "no real submit time" }
    if record.runTime < .zero || !record.runTime.isKnown { return "no real run time" }
    if record.waitTime < .zero || !record.waitTime.isKnown { return "no real wait time" }
    if !none.fits(in: record.request) { return "a negative request" }
    return record.instances < 1 ? "fewer than one instance" : nil
  }

  private static func difference(_ a: [TaskRecord], _ b: [TaskRecord]) -> String {
    if let index = zip(a, b).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
      return "another record at \(index)"
    }
    return "\(b.count) records instead of \(a.count)"
  }
}

extension [TaskRecord] {
  /// Replaces the content by at most `count` records of one `read(into:)`.
  fileprivate mutating func fill<Source: WorkloadSource & ~Copyable>(
    _ count: Int, from source: inout Source
  ) throws {
    var failure: Source.Failure?
    self = [TaskRecord](capacity: count) { span in
      do throws(Source.Failure) { try source.read(into: &span) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
