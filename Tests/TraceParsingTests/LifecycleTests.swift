import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// A short way to write an event.
private func event(
  _ kind: LifeEvent, _ time: Int64, job: Int64 = 1, cpu: Double = .nan, memory: Double = .nan,
  machine: Int64 = -1
) -> LifecycleEvent {
  var event = LifecycleEvent(id: TaskID(job: job), kind: kind, time: Microseconds(time))
  event.request = NormalisedRequest(SIMD4(cpu, memory, .nan, .nan))
  event.machine = machine
  return event
}

private let unit: MachineScale = {
  var scale = MachineScale.assumed
  (scale.cores, scale.memory, scale.disk) = (1, Bytes(1000), Bytes(1000))
  return scale
}()

private func life(
  _ events: [LifecycleEvent], end: Int64 = 10_000
) -> (record: TaskRecord?, transitions: TransitionCounts) {
  var counts = TransitionCounts()
  var life = Lifecycle(events[0])
  for event in events.dropFirst() { life.append(Lifecycle(event), counting: &counts) }
  let record = life.record(end: Microseconds(end), scale: unit, counting: &counts)
  return (record, counts)
}

@Suite struct LifecycleTests {
  @Test func anEverydayLife() throws {
    let (record, transitions) = life([
      event(.submit, 100, cpu: 0.5, memory: 0.2), event(.schedule, 150, cpu: 0.5, machine: 7),
      event(.finish, 400),
    ])
    let task = try #require(record)
    #expect(task.submit == Microseconds(100))
    #expect(task.firstSchedule == Microseconds(150))
    #expect(task.end == Microseconds(400))
    #expect(task.waitTime == Microseconds(50))
    #expect(task.runTime == Microseconds(250))
    #expect(task.outcome == .finished)
    #expect(task.attempts == 1)
    #expect(task.machine == 7)
    #expect(task.request.cpu == Cores(0.5))
    #expect(task.request.memory == Bytes(200))
    #expect(task.flags == [.diskUnknown])
    #expect(transitions.impossible.isEmpty)
    #expect(transitions[.unsubmitted, .submit] == 1)
    #expect(transitions[.running, .finish] == 1)
  }

  @Test func attemptsAddUp() throws {
    let (record, transitions) = life([
      event(.submit, 100), event(.schedule, 110), event(.evict, 200, machine: 1),
      event(.submit, 205), event(.schedule, 300, machine: 2), event(.fail, 350),
      event(.submit, 350), event(.schedule, 350, machine: 3), event(.finish, 600),
    ])
    let task = try #require(record)
    #expect(task.attempts == 3)
    #expect(task.waitTime == Microseconds(10 + 95 + 0))
    #expect(task.runTime == Microseconds(90 + 50 + 250))
    #expect(task.firstSchedule == Microseconds(110))
    #expect(task.lastSchedule == Microseconds(350))
    #expect(task.machine == 3)
    #expect(task.outcome == .finished)
    #expect(transitions.impossible.isEmpty)
  }

  @Test func outcomes() {
    for (end, outcome) in [
      (LifeEvent.finish, Outcome.finished), (.fail, .failed), (.kill, .killed), (.evict, .evicted),
      (.lost, .lost),
    ] {
      #expect(
        life([event(.submit, 1), event(.schedule, 2), event(end, 3)]).record?.outcome == outcome)
    }
    #expect(life([event(.submit, 1), event(.schedule, 2)]).record?.outcome == .running)
    #expect(life([event(.submit, 1)]).record?.outcome == .pending)
    #expect(life([event(.submit, 1), event(.kill, 5)]).record?.outcome == .killed)
    #expect(life([event(.submit, 1), event(.kill, 5)]).record?.attempts == 0)
    #expect(life([event(.submit, 1), event(.kill, 5)]).record?.waitTime == Microseconds(4))
  }

  @Test func zeroAndForeverNeverEnterADuration() throws {
    let before = try #require(
      life([event(.submit, 0), event(.schedule, 0), event(.finish, 700)]).record)
    #expect(before.flags.isSuperset(of: [.cutOffAtStart, .runTimeUnknown, .waitTimeUnknown]))
    #expect(before.runTime == .zero && before.waitTime == .zero)

    let waitedBefore = try #require(
      life([event(.submit, 0), event(.schedule, 650), event(.finish, 700)]).record)
    #expect(waitedBefore.flags.contains(.waitTimeUnknown))
    #expect(!waitedBefore.flags.contains(.runTimeUnknown))
    #expect(waitedBefore.runTime == Microseconds(50))

    let after = try #require(
      life([event(.submit, 600), event(.schedule, 650), event(.finish, .max)], end: 900).record)
    #expect(after.outcome == .running)
    #expect(after.end == .never)
    #expect(after.runTime == Microseconds(250))
    #expect(after.flags.contains(.cutOffAtEnd))

    #expect(life([event(.submit, .max)]).record == nil)
  }

  @Test func aRunningTaskIsCutOffAtTheTracesEnd() throws {
    let task = try #require(life([event(.submit, 600), event(.schedule, 650)], end: 1000).record)
    #expect(task.runTime == Microseconds(350))
    #expect(task.flags.contains(.cutOffAtEnd))
    let pending = try #require(life([event(.submit, 600)], end: 1000).record)
    #expect(pending.waitTime == Microseconds(400))
    #expect(pending.flags.contains(.cutOffAtEnd))
  }

  @Test func requestIsTheLastBeforeTheFirstSchedule() throws {
    let task = try #require(
      life([
        event(.submit, 1, cpu: 0.1, memory: 0.5), event(.updatePending, 2, cpu: 0.3),
        event(.schedule, 3, cpu: 0.9, memory: 0.9), event(.updateRunning, 4, cpu: 0.2),
        event(.evict, 5), event(.submit, 6, cpu: 0.7), event(.schedule, 7), event(.finish, 8),
      ]).record)
    #expect(task.request.cpu == Cores(0.3))
    #expect(task.request.memory == Bytes(500))
    #expect(task.maxRequest.cpu == Cores(0.9))
    #expect(task.maxRequest.memory == Bytes(900))
    let late = try #require(
      life([event(.submit, 1), event(.schedule, 3, cpu: 0.9), event(.updateRunning, 4, cpu: 0.2)])
        .record)
    #expect(late.request.cpu == Cores(0.9))
  }

  @Test func impossibleTransitionsAreCountedAndNotRepaired() throws {
    let (record, transitions) = life([
      event(.submit, 1), event(.submit, 2), event(.schedule, 3), event(.schedule, 5),
      event(.finish, 9), event(.evict, 12), event(.updateRunning, 13), event(.schedule, 20),
      event(.finish, 30),
    ])
    let odd = Dictionary(
      uniqueKeysWithValues: transitions.impossible.map { ("\($0.from) \($0.event)", $0.count) })
    #expect(
      odd == [
        "pending submit": 1, "running schedule": 1, "dead evict": 1, "dead updateRunning": 1,
        "dead schedule": 1,
      ])
    #expect(record?.flags.contains(.irregular) == true)
    #expect(record?.runTime == Microseconds(6 + 10))
    #expect(record?.attempts == 3)
  }

  @Test func aLifeThatBeginsInTheMiddleIsCutOffAtTheStart() throws {
    let (record, transitions) = life([event(.schedule, 700), event(.finish, 900)])
    let task = try #require(record)
    #expect(task.flags.contains(.cutOffAtStart))
    #expect(task.submit == Microseconds(700))
    #expect(task.runTime == Microseconds(200))
    #expect(transitions[.unsubmitted, .schedule] == 1)
    let ended = try #require(life([event(.finish, 900)]).record)
    #expect(ended.flags.isSuperset(of: [.cutOffAtStart, .runTimeUnknown]))
    // Only what ran can be evicted.
    let evicted = try #require(life([event(.evict, 900)]).record)
    #expect(evicted.flags.contains(.runTimeUnknown))
    let updated = try #require(life([event(.updateRunning, 900)]).record)
    #expect(updated.outcome == .running)
    #expect(updated.flags.contains(.cutOffAtStart))
  }

  /// Any sequence of events, however it is cut and in whatever order the pieces are joined, gives
  /// the same record and the same counts.
  @Test func joiningStretchesIsAssociative() throws {
    var random = TestRandom(42)
    for _ in 0..<3000 {
      let events = Self.randomEvents(&random)
      let whole = life(events)
      var pieces = events.map { Lifecycle($0) }
      var counts = TransitionCounts()
      while pieces.count > 1 {
        let left = Int.random(in: 0..<pieces.count - 1, using: &random)
        pieces[left].append(pieces.remove(at: left + 1), counting: &counts)
      }
      let record = pieces[0].record(end: Microseconds(10_000), scale: unit, counting: &counts)
      #expect(record == whole.record)
      #expect(counts == whole.transitions)
      var counted = 0
      for state in LifeState.allCases {
        for event in LifeEvent.allCases { counted += counts[state, event] }
      }
      #expect(counted == events.count { $0.time.isKnown })
    }
  }

  private static func randomEvents(_ random: inout TestRandom) -> [LifecycleEvent] {
    var time: Int64 = Bool.random(using: &random) ? 0 : 600
    return (0..<Int.random(in: 1...12, using: &random)).map { _ in
      if time > 0 || Bool.random(using: &random) {
        time = max(time, 600) + Int64.random(in: 0...50, using: &random)
      }
      if Int.random(in: 0..<30, using: &random) == 0 { time = .max }
      defer { if time == .max { time = 9000 } }
      let kind = LifeEvent(rawValue: UInt8.random(in: 0...8, using: &random)) ?? .submit
      var event = event(kind, time)
      if Bool.random(using: &random) {
        event.request = NormalisedRequest(
          SIMD4(Double.random(in: 0...1, using: &random), .nan, 0.5, .nan))
      }
      if Bool.random(using: &random) { event.machine = Int64.random(in: 0...5, using: &random) }
      event.priority = Int16.random(in: -1...11, using: &random)
      event.user = UserID(UInt32.random(in: 0...3, using: &random))
      if Int.random(in: 0..<10, using: &random) == 0 { event.flags.insert(.missingInfo) }
      return event
    }
  }
}

@Suite struct ExternalSorterTests {
  private struct Item: ExternallySortable, Equatable {
    var key: Int64
    var serial: Int64
    var sortKey: SortKey { SortKey(major: key, minor: 0, last: 0) }
  }

  @Test(arguments: [0, 1, 1023, 1024, 1025, 50_000])
  func sortsStablyWhateverItsBuffer(count: Int) throws {
    var random = TestRandom(UInt64(count))
    let items = (0..<count).map {
      Item(key: Int64.random(in: -50...50, using: &random), serial: Int64($0))
    }
    let expected = items.enumerated().sorted {
      ($0.element.key, $0.offset) < ($1.element.key, $1.offset)
    }.map(\.element)
    for bufferBytes in [1, 1 << 16, 1 << 26] {
      var sorter = ExternalSorter<Item>(bufferBytes: bufferBytes, directory: temporary)
      for item in items { try sorter.add(item) }
      var sorted = try sorter.sorted()
      var result: [Item] = []
      while let item = try sorted.next() { result.append(item) }
      #expect(result == expected, "buffer \(bufferBytes)")
      #expect(try sorted.next() == nil)
    }
  }

  /// More runs than are merged at once: 1,024 elements a run.
  @Test func runsAreMergedWhenThereAreMany() throws {
    var sorter = ExternalSorter<Item>(bufferBytes: 1, directory: temporary, maximumRuns: 4)
    let count: Int64 = 2_000
    for serial in 0..<count { try sorter.add(Item(key: serial * 7919 % count, serial: serial)) }
    var sorted = try sorter.sorted()
    var next: Int64 = 0
    while let item = try sorted.next() {
      if item.key != next { break }
      next += 1
    }
    #expect(next == count)
  }

  private let temporary = NSTemporaryDirectory()
}

@Suite struct LifecycleAssemblerTests {
  /// Interleaved lives with many attempts give the same with a buffer that holds all and one that
  /// spills all the time.
  @Test func spillingChangesNothing() throws {
    var random = TestRandom(9)
    var events: [LifecycleEvent] = []
    var time: Int64 = 600
    for _ in 0..<60_000 {
      time += 1
      let kind = LifeEvent(rawValue: UInt8.random(in: 0...8, using: &random)) ?? .submit
      events.append(event(kind, time, job: Int64.random(in: 0..<6000, using: &random)))
    }
    func assembled(_ bufferBytes: Int) throws -> ([TaskRecord], TransitionCounts) {
      let gathering = GatheringShard(
        bufferBytes: bufferBytes, directory: NSTemporaryDirectory(), partitions: 5)
      for start in stride(from: 0, to: events.count, by: EventBatch.capacity) {
        let batch = EventBatch()
        let part = events[start..<min(start + EventBatch.capacity, events.count)]
        for (place, event) in part.enumerated() {
          (batch.events + place).initialize(to: event)
        }
        batch.setCount(part.count)
        batch.divide(shards: 1, scratch: batch)
        try gathering.add(batch, shard: 0)
      }
      let shard = try gathering.close()
      let lastTime = shard.lastTime
      #expect(shard.hasSpilled == (bufferBytes == 1))
      var records: [TaskRecord] = []
      var counts = TransitionCounts()
      func take(_ lives: JoinedLives, _ requests: [RequestSet]) {
        for entry in lives.entries.elements {
          var (size, set) = (0, UInt16(0))
          let life = requests.withUnsafeBufferPointer {
            Lifecycle(packed: lives.blocks.view[entry.place], $0, size: &size, set: &set)
          }
          if let record = life.record(end: lastTime, scale: unit, counting: &counts) {
            records.append(record)
          }
        }
      }
      if shard.hasSpilled {
        var lives: [JoinedLives] = []
        let totals = try shard.spill().forEachJoined(limit: 1 << 12) { lives.append($0) }
        #expect(lives.count > 5, "many slices")
        for part in lives { take(part, totals.requests) }
        counts += totals.transitions
      } else {
        let (lives, totals) = shard.join()
        take(lives, totals.requests)
        counts += totals.transitions
      }
      return (records.sorted { $0.id.job < $1.id.job }, counts)
    }
    let large = try assembled(1 << 28)
    let small = try assembled(1)
    #expect(large.0.count > 5900)
    #expect(small.0 == large.0)
    #expect(small.1 == large.1)
  }
}
