import Fitting
import Generation
import Testing
import Workload
import WorkloadTestKit

/// The study's preset: its laws, its speed of access, its load.
@Suite struct StudyWorkloadTests {
  @Test func `it keeps the requirements of a source`() throws {
    let violations = WorkloadTestKit.check {
      try SyntheticWorkload(.study, .tasks(3000), seed: 7)
    }
    #expect(violations.isEmpty, "\(violations)")
    let endless = WorkloadTestKit.check(limit: 1000) { try SyntheticWorkload(.study, seed: 7) }
    #expect(endless.isEmpty)
  }

  @Test func `tasks have the study's laws, classes and deadlines`() throws {
    let count = 100_000
    let tasks = records(try SyntheticWorkload(.study, .tasks(count), seed: 11))
    #expect(tasks.count == count)
    let part = WorkloadModel.study.classes[0]
    #expect(pValue(tasks.map(\.runTime.seconds), part.runTime) > 1e-3)
    #expect(pValue(tasks.map(\.request.cpu.value), part.cpu) > 1e-3)
    #expect(pValue(tasks.map(\.request.memory.gibibytes), part.memory) > 1e-3)
    for (priority, share, factor) in [
      (PriorityClass.production, 0.25, 1.5), (.batch, 0.6, 3), (.bestEffort, 0.15, 5),
    ] {
      let own = tasks.filter { $0.priorityClass == priority }
      let error = (share * (1 - share) / Double(count)).squareRoot()
      #expect(abs(Double(own.count) / Double(count) - share) < 4 * error)
      #expect(
        own.allSatisfy {
          abs(($0.deadline - $0.submit).rawValue - $0.runTime.scaled(by: factor).rawValue) <= 3
        })
    }
    // Quantities do not hang together.
    let runTimes = tasks.map(\.runTime.seconds)
    for other in [tasks.map(\.request.cpu.value), tasks.map(\.request.memory.gibibytes)] {
      #expect(abs(try #require(rankCorrelation(runTimes, other))) < 4 / Double(count).squareRoot())
    }
    #expect(tasks.allSatisfy { $0.outcome == .pending && $0.attempts == 0 && !$0.end.isKnown })
  }

  @Test func `arrivals are Poisson on every time scale`() throws {
    let count = 200_000
    var counter = try ArrivalCounter(baseWindow: 1)
    var gaps: [Double] = []
    var last = 0.0
    for task in records(try SyntheticWorkload(.study, .tasks(count), seed: 4)) {
      counter.add(at: task.submit.seconds)
      gaps.append(task.submit.seconds - last)
      last = task.submit.seconds
    }
    #expect(abs(counter.rate / 0.5 - 1) < 4 / Double(count).squareRoot())
    #expect(pValue(gaps, try Law(.exponential, [0.5])) > 1e-3)
    for window in counter.statistics() {
      let error = (2 / Double(window.windows)).squareRoot()
      #expect(abs(window.dispersion - 1) < 4 * error, "\(window)")
    }
    // Neighbouring gaps, across the blocks' ends too.
    let serial = try #require(rankCorrelation(Array(gaps.dropLast()), Array(gaps.dropFirst())))
    #expect(abs(serial) < 4 / Double(count).squareRoot())
  }

  @Test(arguments: [0, 1, 255, 256, 257, 1000, 4095, 70_000])
  func `any task is reached without those before it`(job: Int) throws {
    var walking = try SyntheticWorkload(.study, seed: 5)
    for _ in 0..<job { _ = walking.next() }
    var jumping = try SyntheticWorkload(.study, seed: 5)
    jumping.skip(toJob: job)
    for _ in 0..<600 { #expect(walking.next() == jumping.next()) }
    // Far out, within the range of times (2^53 µs), twice the same and later than before.
    jumping.skip(toJob: 1 << 31)
    let far = jumping.next()
    jumping.skip(toJob: job)
    _ = jumping.next()
    jumping.skip(toJob: 1 << 31)
    #expect(far == jumping.next())
    let expected = Double(1 << 31) * 2
    #expect(abs((far?.submit.seconds ?? 0) / expected - 1) < 1e-4)
  }

  @Test func `copies go on by themselves, and extents end the source`() throws {
    var source = try SyntheticWorkload(.study, .tasks(700), seed: 2)
    for _ in 0..<300 { _ = source.next() }
    var copy = source
    let rest = records(source)
    #expect(rest.count == 400 && records(copy) == rest && copy.next() == rest[0])
    let hour = Microseconds(seconds: 3600)
    let timed = records(try SyntheticWorkload(.study, .duration(hour), seed: 2))
    #expect(timed.count > 1600 && timed.count < 2000 && timed.allSatisfy { $0.submit < hour })
    #expect(records(try SyntheticWorkload(.study, .tasks(0), seed: 2)).isEmpty)
    // Another seed, other tasks; another rate, the same sizes.
    let other = records(try SyntheticWorkload(.study, .tasks(700), seed: 3))
    #expect(other.suffix(400).map(\.runTime) != rest.map(\.runTime))
    let dense = records(try SyntheticWorkload.study(tasks: 700, load: 0.8, onCores: 1000, seed: 2))
    #expect(dense.suffix(400).map(\.runTime) == rest.map(\.runTime))
    #expect(dense.suffix(400).map(\.submit) != rest.map(\.submit))
  }

  @Test func `offered load is what was asked for`() throws {
    var model = WorkloadModel.study
    // Partial expectations of the clipped laws, in closed form.
    #expect(abs(model.meanCPU - 2.200174774513878) < 1e-9)
    #expect(abs(model.meanRunTime - 16.647810485835027) < 1e-9)
    #expect(abs(model.meanMemory - 10.565369424228471) < 1e-9)
    try model.setLoad(0.7, onCores: 1250)
    #expect(abs(model.offeredCores / 1250 - 0.7) < 1e-12)
    let tasks = records(try SyntheticWorkload(model, .tasks(200_000), seed: 6))
    let work = tasks.reduce(0) { $0 + $1.request.cpu.value * $1.runTime.seconds }
    #expect(abs(work / tasks[tasks.count - 1].submit.seconds / (0.7 * 1250) - 1) < 0.02)
    for (load, cores) in [(0.0, 10.0), (.nan, 10), (1, -1), (.infinity, 1)] {
      #expect(throws: WorkloadModelError.self) { try model.setLoad(load, onCores: cores) }
    }
  }

  @Test func `all that is wrong with a model is told at once`() throws {
    var model = WorkloadModel.study
    model.arrivals.rate = -1
    model.classes[0].share = 1.5
    model.classes[1].deadlineFactor = 0
    model.classes[2].cpu = try Law(.uniform, [-1, 1])
    do {
      _ = try SyntheticWorkload(model, .tasks(-1), seed: 1)
      Issue.record("it was taken")
    } catch {
      #expect(
        error.issues.map(\.path) == [
          "arrivals.rate", "classes[1].deadlineFactor", "classes[2].cpu", "classes[0].share",
          "classes", "tasks",
        ])
    }
  }
}
