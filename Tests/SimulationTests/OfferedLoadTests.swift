import Testing
import Workload

@testable import Simulation

@Suite struct OfferedLoadTests {
  /// What tasks of so many core-seconds that come every so many seconds come to on 4 cores, at given times.
  private func load(
    _ coreSeconds: Double, every seconds: Double, from start: Double = 0,
    _ meter: inout OfferedLoad, until end: Double
  ) -> Double {
    var time = start
    while time < end {
      meter.note(
        seconds: coreSeconds / 2, cores: 2, at: Microseconds(seconds: time), capacity: 4)
      time += seconds
    }
    return meter.value
  }

  @Test func isRightFromTheBeginning() {
    for end in [6.0, 20, 60, 600, 6000] {
      var meter = OfferedLoad()
      // 1 core-second in half a second on 4 cores; the mean may be wrong by the task that came last.
      let value = load(1, every: 0.5, &meter, until: end)
      #expect(abs(value - 0.5) < 1.2 / (4 * min(end, OfferedLoad.window)), "\(end)")
    }
  }

  @Test func forgetsInMinutes() {
    var meter = OfferedLoad()
    _ = load(4, every: 1, &meter, until: 1000)
    #expect(abs(meter.value - 1) < 0.02 && abs(meter.meanRunTime - 2) < 1e-9)
    // After a minute of a fifth of it, all but 1/e of the way is gone; at the end all.
    let after = load(0.8, every: 1, from: 1000, &meter, until: 1061)
    #expect(abs(after - (0.2 + 0.8 * 0.368)) < 0.02)
    #expect(abs(load(0.8, every: 1, from: 1061, &meter, until: 1600) - 0.2) < 0.01)
    #expect(abs(meter.meanRunTime - 0.4) < 0.01)
  }

  @Test func oneTaskIsNoFlood() {
    var meter = OfferedLoad()
    #expect(meter.meanRunTime == 0)
    meter.note(seconds: 5, cores: 2, at: Microseconds(seconds: 1e6), capacity: 4)
    #expect(meter.value == 0.5 && meter.meanRunTime == 5)
    meter.note(seconds: 15, cores: 2, at: Microseconds(seconds: 1e6), capacity: 0)
    #expect(meter.value == 0 && meter.meanRunTime == 10)
  }

  /// Notes what it sees.
  private struct Watcher: PlacementPolicy {
    final class Log: @unchecked Sendable { var loads: [Double] = [] }
    let name = "watcher"
    let log = Log()

    mutating func place(
      _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
    ) -> Placement {
      log.loads.append(cluster.offeredLoad)
      return .machine(0)
    }
  }

  @Test func isSeenAsOfTheLastHeartbeat() throws {
    // Of twice the reference's speed: 8 core-seconds a second on 2 × 8 × 2 cores.
    let layout = try machines([(8, 64), (8, 64)], speed: 2)
    let tasks = (0..<20).map { task(Int64($0), at: Double($0), runs: 8) }
    let watcher = Watcher()
    _ = try run(tasks, on: layout, watcher) {
      $0.mode = .dispatch
      $0.gateways = true
      $0.heartbeat = Microseconds(seconds: 5)
      $0.estimates = .exact
    }
    let loads = watcher.log.loads
    #expect(loads.count == 20 && loads[0..<5].allSatisfy { $0 == 0 })
    for place in [5, 10, 15] {
      #expect(loads[place..<place + 5].allSatisfy { $0 == loads[place] && abs($0 - 0.25) < 0.06 })
    }
    // Where queues are central it is not kept.
    let central = Watcher()
    _ = try run(tasks, on: layout, central) { $0.estimates = .exact }
    #expect(central.log.loads.allSatisfy { $0 == 0 })
  }

  @Test func machinesThatGoTakeTheirCoresAway() throws {
    var cluster = Cluster(try machines([(8, 64), (24, 64)], speed: 0.5), mode: .dispatch)
    #expect(cluster.totalCores == 16)
    cluster.takeDown(1)
    #expect(cluster.totalCores == 4)
    cluster.resize(0, to: Resources(cpu: Cores(16), memory: Bytes(gibibytes: 64)))
    #expect(cluster.totalCores == 8)
    cluster.bringUp(1)
    #expect(cluster.totalCores == 20)
  }
}
