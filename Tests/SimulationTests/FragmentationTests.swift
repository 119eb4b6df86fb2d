import Simulation
import Testing
import Workload

@Suite struct FragmentationTests {
  @Test func freeRoomThatIsTooSmallIsStranded() throws {
    // Two machines of 4 cores and 8 GiB; two tasks of 3 cores and 1 GiB at 0 and 5, for 10 s each.
    // A machine with a task has 1 core and 7 GiB free, on which no other task fits.
    // CPU: 5 s × 1 + 5 s × 2 + 5 s × 1 = 20 of 5 × 5 + 5 × 2 + 5 × 5 = 60 free core-seconds;
    // memory: 5 × 7 + 5 × 14 + 5 × 7 = 140 of 5 × 15 + 5 × 14 + 5 × 15 = 220.
    let records = [0.0, 5].map { task(Int64($0), at: $0, runs: 10, cores: 3, memory: 1) }
    let (report, _) = try run(records, on: try machines(2, cores: 4, memory: 8), FirstFit())
    #expect(abs(report.usage.fragmentation.cpu - 20.0 / 60) < 1e-9)
    #expect(abs(report.usage.fragmentation.memory - 140.0 / 220) < 1e-9)
    #expect(report.usage.fragmentation.gpu == nil)
    #expect(report.usage.gpu == nil)
  }

  @Test func itIsAnExpectationOverTheWorkload() throws {
    // Tasks of 1 and of 3 cores fill the first machine; the 2 cores of the other are of use to one of
    // the two.
    let (report, _) = try run(
      [task(0, at: 0, runs: 10, cores: 1), task(1, at: 0, runs: 10, cores: 3)],
      on: try machines([(4, 0), (2, 0)]), FirstFit())
    #expect(abs(report.usage.fragmentation.cpu - 0.5) < 1e-9)
  }

  @Test func anotherResourceStrandsGPUs() throws {
    // Weng et al.: GPUs on a machine without a CPU left are of no use. Two machines of 2 cores and 4
    // GPUs; 2 cores and 1 GPU leave 3 GPUs stranded there, the other's 4 are of use.
    let capacity = Resources(cpu: Cores(2.0), milliGPU: 4000)
    let layout = try ClusterLayout(
      machines: (0..<2).map { MachineDescription(number: $0, capacity: capacity) })
    var record = task(0, at: 0, runs: 10, cores: 2)
    record.request.milliGPU = 1000
    let (report, _) = try run([record], on: layout, FirstFit())
    #expect(abs((report.usage.fragmentation.gpu ?? 0) - 3.0 / 7) < 1e-9)
    #expect(report.usage.gpu == 0.125)
    #expect(report.usage.fragmentation.cpu == 0)
  }

  @Test(arguments: 0..<8)
  func theIncrementalSumIsTheSumOverMachines(_ seed: Int) throws {
    // All tasks alike, so that the sample is known, on machines that come and change.
    let capacity = Resources(cpu: Cores(4.0), memory: Bytes(gibibytes: 8))
    var rng = RandomStream(seed: UInt64(seed), name: "fragmentation test")
    var events: [MachineEvent] = []
    for machine in 0..<6 {
      let start = machine < 4 ? 0 : Double(10 + rng.below(50))
      events.append(
        MachineEvent(
          time: Microseconds(seconds: start), machine: Int64(machine), kind: .add,
          capacity: capacity))
      events.append(
        MachineEvent(
          time: Microseconds(seconds: start + Double(20 + rng.below(100))),
          machine: Int64(machine), kind: .update,
          capacity: Resources(cpu: Cores(3.0), memory: Bytes(gibibytes: 16))))
    }
    let layout = try ClusterLayout(events)
    var clock = 0.0
    let records = (0..<200).map { index in
      clock += rng.exponential(mean: 2)
      return task(
        Int64(index), at: clock, runs: 1 + rng.exponential(mean: 12), cores: 1.5, memory: 2)
    }
    let (report, results) = try run(records, on: layout, RandomPlacement(), seed: UInt64(seed))
    #expect(results.allSatisfy { $0.outcome == .finished && $0.attempts == 1 })
    #expect(report.audit?.passed == true)

    // Again from the results alone: at every instant at which anything happens, over all machines.
    var instants: Set<Int64> = [records[0].submit.rawValue]
    for result in results { instants.formUnion([result.start.rawValue, result.finish.rawValue]) }
    instants.formUnion(layout.events.map(\.time.rawValue))
    let end = report.lastFinish.rawValue
    let times = instants.filter { $0 >= records[0].submit.rawValue && $0 <= end }.sorted()
    var (stranded, free) = (0.0, 0.0)
    for (now, next) in zip(times, times.dropFirst()) {
      let span = Double(next - now)
      for (index, machine) in layout.machines.enumerated() {
        var (room, isUp) = (machine.capacity, machine.isUp)
        for event in layout.events where event.machine == index && event.time.rawValue <= now {
          (room, isUp) = (event.capacity, event.kind != .remove)
        }
        guard isUp else { continue }
        for result in results
        where result.machine == machine.number && result.start.rawValue <= now
          && result.finish.rawValue > now
        {
          room -= records[Int(result.id.job)].request
        }
        free += room.cpu.value * span
        if !records[0].request.fits(in: room) { stranded += max(0, room.cpu.value) * span }
      }
    }
    #expect(abs(report.usage.fragmentation.cpu - stranded / free) < 1e-6)
  }
}
