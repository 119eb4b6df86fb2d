import Foundation
import Simulation
import Testing
import Workload

@Suite struct ClusterTests {
  @Test func aSpecificationIsReadFromJSON() throws {
    let json = #"""
      {"groups": [
        {"name": "high", "count": 3, "cores": [24, 32], "memoryGiB": 128, "speed": 1.5},
        {"count": 2, "cores": 4, "memoryGiB": [8, 16], "diskGiB": 100, "gpus": 2,
         "idleWatts": [50, 80], "dynamicWatts": 100, "sleepWatts": 5, "sleepAfterSeconds": 60,
         "wakeSeconds": 2, "powerCurve": [0, 0.7, 1]}
      ]}
      """#
    let spec = try JSONDecoder().decode(ClusterSpec.self, from: Data(json.utf8))
    let layout = try ClusterLayout(spec, seed: 1)
    #expect(layout.machines.count == 5)
    #expect(layout.machines.map(\.number) == [0, 1, 2, 3, 4])
    #expect(layout.machines[..<3].allSatisfy { (24...32).contains($0.capacity.cpu.value) })
    #expect(layout.machines[0].speed == 1.5)
    #expect(layout.machines[3].capacity.cpu == Cores(4.0))
    #expect(layout.machines[3].capacity.milliGPU == 2000)
    #expect(layout.machines[0].power == .none)
    #expect((50...80).contains(layout.machines[3].power.idle.value))
    #expect(layout.machines[3].power.sleepAfter.seconds == 60)
    #expect(layout.machines[3].power.wakeDelay.seconds == 2)
    #expect(
      layout.machines[3].power.power(at: 0.5).value == layout.machines[3].power.idle.value + 70)
    #expect(layout.machines[3].capacity.disk == Bytes(gibibytes: 100))
    let back = try JSONDecoder().decode(ClusterSpec.self, from: JSONEncoder().encode(spec))
    #expect(back == spec)
    #expect(try ClusterLayout(spec, seed: 1) == layout)
    #expect(try ClusterLayout(spec, seed: 2) != layout)
  }

  @Test func everyIssueIsToldWithItsPath() throws {
    var bad = MachineGroup(count: -1, cores: 0...4, memoryGiB: 1...2)
    bad.memoryGiB?.low = 3
    bad.speed = ValueRange(.nan)
    bad.idleWatts = ValueRange(-1)
    bad.powerCurve = [0]
    bad.wakeSeconds = .infinity
    let spec = ClusterSpec(groups: [MachineGroup(count: 1, cores: 1...1, memoryGiB: 1...1), bad])
    let issues = spec.issues()
    #expect(
      issues.map(\.path)
        == [
          "count", "cores", "memoryGiB", "speed", "idleWatts", "wakeSeconds", "powerCurve",
        ].map { "groups[1].\($0)" })
    #expect(
      issues[1].description == "groups[1].cores: is 0.0; expected more than 0.0, at most 1000000.0")
    #expect(throws: ClusterError.self) { try ClusterLayout(spec, seed: 1) }
    #expect(ClusterSpec(groups: []).issues().map(\.path) == ["groups"])
    let json = #"{"groups": [{"count": 1, "cores": [1, 2, 3], "memoryGiB": 1}]}"#
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ClusterSpec.self, from: Data(json.utf8))
    }
  }

  @Test func studyTiersKeepTheirShares() throws {
    for count in [0, 1, 9, 100, 1000] {
      let layout = try ClusterLayout(.studyTiers(machines: count), seed: 4)
      #expect(layout.machines.count == count)
    }
    let layout = try ClusterLayout(.studyTiers(machines: 100), seed: 4)
    #expect(layout.machines.count { $0.capacity.cpu >= Cores(24.0) } == 20)
    #expect(layout.machines.count { $0.capacity.cpu <= Cores(8.0) } == 30)
  }

  @Test func oddMachineEventsAreCounted() throws {
    let capacity = Resources(cpu: Cores(1.0))
    func event(_ time: Int64, _ machine: Int64, _ kind: MachineEvent.Kind, _ c: Resources)
      -> MachineEvent
    { MachineEvent(time: Microseconds(time), machine: machine, kind: kind, capacity: c) }
    let layout = try ClusterLayout([
      event(9, 1, .add, capacity), event(0, 1, .add, capacity), event(3, 2, .remove, .zero),
      event(4, 2, .update, capacity), event(5, 2, .add, .zero), event(6, 3, .add, .zero),
    ])
    #expect(layout.machines.map(\.number) == [1, 2, 3])
    #expect(layout.machines.map(\.isUp) == [true, false, false])
    #expect(layout.anomalies.addedTwice == 1)
    #expect(layout.anomalies.removedWhileAbsent == 1)
    #expect(layout.anomalies.updatedWhileAbsent == 1)
    #expect(layout.anomalies.capacityUnknown == 1)
    #expect(layout.events.map(\.time.rawValue) == [4, 5, 6, 9])
    #expect(layout.events[1].capacity == capacity)
  }

  @Test func impossibleMachinesAreRefused() throws {
    #expect(throws: ClusterError.self) { try machines([(-1, 0)]) }
    #expect(throws: ClusterError.self) { try machines([(2e7, 0)]) }
    #expect(throws: ClusterError.self) { try machines([(1, 0)], speed: 0) }
    #expect(throws: ClusterError.tooLarge) { try machines(3000, cores: 1e6) }
    #expect(throws: ClusterError.self) {
      try ClusterLayout([
        MachineEvent(time: Microseconds(-1), machine: 1, kind: .add, capacity: .zero)
      ])
    }
  }
}
