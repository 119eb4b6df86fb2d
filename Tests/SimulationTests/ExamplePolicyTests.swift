import Simulation
import Testing
import Workload

/// The policy that the README shows.
@Suite struct ExamplePolicyTests {
  @Test func theReadmesPolicyWorks() throws {
    let machines = [8.0, 32, 16].enumerated().map { number, memory in
      MachineDescription(
        number: Int64(number),
        capacity: Resources(cpu: Cores(4), memory: Bytes(gibibytes: memory)))
    }
    let tasks = (0..<3).map { job in
      TaskRecord(
        id: TaskID(job: Int64(job)), submit: .zero, runTime: Microseconds(seconds: 10),
        request: Resources(cpu: Cores(1), memory: Bytes(gibibytes: 10)))
    }
    var results = CollectedResults()
    _ = try Simulator(
      cluster: try ClusterLayout(machines: machines), policy: MostFreeMemory(), seed: 1
    ).run(TaskTable(tasks).source(), results: &results)
    // 32 GiB, then 22 of it against 16, then 12 of it against 16.
    let placed = results.results.sorted { $0.id < $1.id }.map(\.machine)
    #expect(placed == [1, 1, 2])
  }
}
