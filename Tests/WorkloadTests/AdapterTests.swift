import Generation
import Testing
import Workload
import WorkloadTestKit

private func poisson(_ count: Int = 500, seed: UInt64 = 7, rate: Double = 2) -> PoissonSource {
  PoissonSource(
    rate: rate, runTime: Microseconds(seconds: 20),
    request: Resources(cpu: Cores(1.5), memory: Bytes(gibibytes: 2)), count: count, seed: seed)
}

private func collect<S: WorkloadSource<Never> & ~Copyable>(_ source: consuming S) -> [TaskRecord] {
  var records: [TaskRecord] = []
  while let record = source.next() { records.append(record) }
  return records
}

@Suite struct ConformanceTests {
  @Test func everySourceAndAdapterKeepsTheContract() {
    let table = TaskTable(poisson())
    let hour = Microseconds(seconds: 100)
    #expect(WorkloadTestKit.check { poisson() } == [])
    #expect(WorkloadTestKit.check { poisson(0) } == [])
    #expect(WorkloadTestKit.check { table.source() } == [])
    #expect(WorkloadTestKit.check { poisson().filter { $0.id.job % 3 == 0 } } == [])
    #expect(WorkloadTestKit.check { poisson().filter { _ in false } } == [])
    #expect(WorkloadTestKit.check { poisson().map { $0 } } == [])
    #expect(WorkloadTestKit.check { poisson().window(from: hour, to: hour + hour) } == [])
    #expect(WorkloadTestKit.check { poisson().prefix(17) } == [])
    #expect(WorkloadTestKit.check { poisson().prefix(0) } == [])
    #expect(WorkloadTestKit.check { poisson().sample(fraction: 0.3, seed: 1) } == [])
    #expect(WorkloadTestKit.check { poisson().scaleArrivals(by: 3.7) } == [])
    #expect(WorkloadTestKit.check { poisson().scaleRunTimes(by: 0.5) } == [])
    #expect(WorkloadTestKit.check { poisson().concatenate(poisson(seed: 8)) } == [])
    #expect(WorkloadTestKit.check { RepeatedSource(count: 4, gap: hour) { poisson(50) } } == [])
    #expect(WorkloadTestKit.check { RepeatedSource(count: 4) { poisson(0) } } == [])
    #expect(WorkloadTestKit.check { AnyWorkloadSource(poisson()) } == [])
    #expect(
      WorkloadTestKit.check {
        MergedSource([AnyWorkloadSource(poisson()), AnyWorkloadSource(poisson(300, seed: 9))])
      } == [])
    #expect(
      WorkloadTestKit.check {
        poisson().window(from: hour).sample(fraction: 0.5, seed: 2).scaleArrivals(by: 2)
          .scaleRunTimes(by: 1.5).prefix(40)
      } == [])
  }

  /// The checker must see each kind of fault; otherwise the test above proves nothing.
  @Test func theCheckerSeesEachFault() {
    func faults(_ source: Faulty) -> String {
      WorkloadTestKit.check { source }.joined(separator: "\n")
    }
    #expect(faults(Faulty(fault: .none)) == "")
    #expect(faults(Faulty(fault: .disorder)).contains("order: record 5"))
    #expect(faults(Faulty(fault: .comesBack)).contains("end: next() gave a record"))
    #expect(faults(Faulty(fault: .otherBatches)).contains("batches of 7"))
    #expect(faults(Faulty(fault: .negativeRun)).contains("no real run time"))
    #expect(faults(Faulty(fault: .emptyBatch)).contains("an empty batch"))
    var made = 0
    let varying = WorkloadTestKit.check { () -> PoissonSource in
      made += 1
      return poisson(seed: UInt64(made))
    }
    #expect(varying.contains { $0.hasPrefix("determinism") })
  }
}

private struct Faulty: WorkloadSource {
  enum Fault { case none, disorder, comesBack, otherBatches, negativeRun, emptyBatch }
  let fault: Fault
  var index = 0

  mutating func next() -> TaskRecord? {
    defer { index += 1 }
    if index >= 10 { return fault == .comesBack && index == 11 ? record(10) : nil }
    return record(index)
  }

  private func record(_ index: Int) -> TaskRecord {
    let time = fault == .disorder && index == 5 ? 1 : Int64(index * 10)
    let run = fault == .negativeRun && index == 3 ? -1 : Int64(5)
    return TaskRecord(
      id: TaskID(job: Int64(index)), submit: Microseconds(time), runTime: Microseconds(run),
      request: .zero)
  }

  mutating func read(into batch: inout OutputSpan<TaskRecord>) {
    if fault == .emptyBatch && index == 4 { return }
    while !batch.isFull, var record = next() {
      if fault == .otherBatches { record.priority = 3 }
      batch.append(record)
    }
  }
}

@Suite struct AdapterTests {
  @Test func windowKeepsItsHalfOpenInterval() {
    let all = collect(poisson())
    let (from, to) = (all[100].submit, all[200].submit)
    let kept = collect(poisson().window(from: from, to: to))
    #expect(kept == all.filter { $0.submit >= from && $0.submit < to })
    #expect(kept.first == all[100])
  }

  @Test func sampleKeepsJobsWholeAndTheirShare() {
    var records: [TaskRecord] = []
    for job in 0..<4000 {
      for index in 0..<3 {
        records.append(
          TaskRecord(
            id: TaskID(job: Int64(job), index: Int32(index)), submit: Microseconds(Int64(job)),
            runTime: .zero, request: .zero))
      }
    }
    let kept = collect(TaskTable(records).source().sample(fraction: 0.25, seed: 3))
    let jobs = Set(kept.map(\.id.job))
    #expect(kept.count == 3 * jobs.count)
    #expect(abs(Double(jobs.count) / 4000 - 0.25) < 0.03)  // more than four standard deviations
    #expect(collect(TaskTable(records).source().sample(fraction: 1, seed: 3)).count == 12000)
    #expect(collect(TaskTable(records).source().sample(fraction: 0, seed: 3)).isEmpty)
    let sampledWindow = collect(
      TaskTable(records).source().sample(fraction: 0.25, seed: 3).window(to: Microseconds(500)))
    let windowSampled = collect(
      TaskTable(records).source().window(to: Microseconds(500)).sample(fraction: 0.25, seed: 3))
    #expect(sampledWindow == windowSampled)
  }

  @Test func scaledArrivalsDivideTheGapsAndMoveWhatHappened() {
    var first = TaskRecord(
      id: TaskID(job: 1), submit: Microseconds(1000), runTime: Microseconds(70), request: .zero)
    var second = first
    first.end = Microseconds(1500)
    second.submit = Microseconds(3000)
    second.firstSchedule = Microseconds(3010)
    second.deadline = Microseconds(3100)
    let scaled = collect(TaskTable([first, second]).source().scaleArrivals(by: 4))
    #expect(scaled[0] == first)
    #expect(scaled[1].submit == Microseconds(1500))
    #expect(scaled[1].firstSchedule == Microseconds(1510))
    #expect(scaled[1].deadline == Microseconds(1600))
    #expect(scaled[1].end == .never)
    #expect(scaled[1].runTime == Microseconds(70))
  }

  @Test func scaledRunTimesStretchWorkAndSlack() {
    var record = TaskRecord(
      id: TaskID(job: 1), submit: Microseconds(1000), runTime: Microseconds(70), request: .zero)
    record.deadline = Microseconds(1100)
    let scaled = collect(TaskTable([record]).source().scaleRunTimes(by: 2))[0]
    #expect(scaled.runTime == Microseconds(140))
    #expect(scaled.deadline == Microseconds(1200))
    #expect(scaled.estimate == .never)
    #expect(scaled.submit == record.submit)
  }

  @Test func mergeIsStableAndComplete() {
    let one = collect(poisson(200, seed: 1))
    let two = collect(poisson(300, seed: 2))
    let merged = collect(
      MergedSource([
        AnyWorkloadSource(poisson(200, seed: 1)), AnyWorkloadSource(poisson(300, seed: 2)),
      ])
    )
    let expected = (one + two).enumerated().sorted {
      ($0.element.submit, $0.offset) < ($1.element.submit, $1.offset)
    }.map(\.element)
    #expect(merged == expected)
    #expect(collect(MergedSource<Never>([])).isEmpty)
  }

  @Test func concatenationAndRepetitionFollowOn() {
    let one = collect(poisson(20))
    let joined = collect(poisson(20).concatenate(poisson(10, seed: 9)))
    #expect(Array(joined.prefix(20)) == one)
    #expect(joined[20].submit == one[19].submit)
    #expect(joined.count == 30)
    let gap = Microseconds(seconds: 5)
    let repeated = collect(RepeatedSource(count: 3, gap: gap) { AnyWorkloadSource(poisson(20)) })
    #expect(repeated.count == 60)
    #expect(repeated[20].submit == repeated[19].submit + gap)
    #expect(repeated[25].submit - repeated[20].submit == one[5].submit - one[0].submit)
  }
}

@Suite struct PoissonSourceTests {
  /// The gaps are exponential: mean, standard deviation and the Kolmogorov-Smirnov distance.
  @Test func gapsAreExponential() {
    let records = collect(poisson(20_000, rate: 0.5))
    var last = 0.0
    var gaps: [Double] = []
    for record in records {
      gaps.append(record.submit.seconds - last)
      last = record.submit.seconds
    }
    let n = Double(gaps.count)
    let mean = gaps.reduce(0, +) / n
    #expect(abs(mean - 2) < 4 * 2 / n.squareRoot())
    gaps.sort()
    var distance = 0.0
    for (index, gap) in gaps.enumerated() {
      let model = 1 - power(-gap / 2)
      distance = max(
        distance, abs(model - Double(index) / n), abs(model - Double(index + 1) / n))
    }
    #expect(distance < 1.95 / n.squareRoot())  // p = 0.001
  }

  @Test func seedsDecide() {
    #expect(collect(poisson(seed: 1)) == collect(poisson(seed: 1)))
    #expect(collect(poisson(seed: 1)) != collect(poisson(seed: 2)))
  }
}

/// e^x by its series, so that the test does not share a library with what it tests.
private func power(_ x: Double) -> Double {
  if x < -1 { return power(x / 2) * power(x / 2) }
  var (term, sum) = (1.0, 1.0)
  for k in 1..<30 {
    term *= x / Double(k)
    sum += term
  }
  return sum
}
