import Simulation
import Testing
import Workload

@Suite struct PlacementTests {
  /// Free before the task of 2 cores comes: machine 0 has 4 of 4, machine 1 has 2 of 8, machine 2
  /// has 1 of 2. First fit takes 0; best fit 1, which is left with nothing; random both, never 2.
  private func chosen(_ policy: any PlacementPolicy, seed: UInt64 = 1) throws -> Int64? {
    let layout = try machines([(4, 0), (8, 0), (2, 0)])
    let filler = [task(0, at: 0, runs: 100, cores: 6), task(1, at: 0, runs: 100, cores: 1)]
    let (_, results) = try run(
      filler + [task(2, at: 1, runs: 10, cores: 2)], on: layout,
      Scripted(first: [1, 2], then: policy), seed: seed)
    return results.first { $0.id.job == 2 }?.machine
  }

  @Test func firstFitTakesTheLowestIndex() throws { #expect(try chosen(FirstFit()) == 0) }

  @Test func bestFitTakesTheTightest() throws { #expect(try chosen(BestFit()) == 1) }

  @Test func randomIsUniformAmongThoseThatFit() throws {
    var counts = [0, 0, 0]
    for seed in 0..<600 {
      counts[Int(try #require(try chosen(RandomPlacement(), seed: UInt64(seed))))] += 1
    }
    #expect(counts[2] == 0)
    // 300 ± 4 standard deviations (12.2).
    #expect(abs(counts[0] - 300) < 50)
  }

  @Test func randomIsUniformWhenFewFit() throws {
    // Of 1,000 machines, three have room: drawn after the quick attempts have failed.
    var sizes = Array(repeating: (1.0, 0.0), count: 1000)
    for lucky in [17, 400, 999] { sizes[lucky] = (2, 0) }
    let layout = try machines(sizes)
    var counts: [Int64: Int] = [:]
    for seed in 0..<600 {
      let (_, results) = try run(
        [task(0, at: 0, runs: 1, cores: 2)], on: layout, RandomPlacement(), seed: UInt64(seed))
      counts[results[0].machine, default: 0] += 1
    }
    #expect(counts.keys.sorted() == [17, 400, 999])
    #expect(counts.values.allSatisfy { abs($0 - 200) < 50 })
  }

  @Test func bestFitCountsMemoryToo() throws {
    // CPU alone would take machine 0 (1 core left of 8), but it has all its memory left.
    let layout = try machines([(3, 64), (4, 4), (8, 8)])
    let (_, results) = try run(
      [task(0, at: 0, runs: 1, cores: 2, memory: 4)], on: layout, BestFit())
    #expect(results[0].machine == 1)
  }

  @Test func bestFitAgreesWithAScan() throws {
    var sizes: [(Double, Double)] = []
    for index in 0..<40 { sizes.append((Double(2 + index % 7), Double(4 + index % 5 * 4))) }
    let layout = try machines(sizes)
    let records = randomRecords(1500, seed: 5)
    let fast = try run(records, on: layout, BestFit())
    let slow = try run(records, on: layout, ScanningBestFit())
    #expect(fast.results.map(\.machine) == slow.results.map(\.machine))
  }

  @Test func everyPolicyIsFoundByItsName() throws {
    for entry in PolicyCatalog.entries {
      #expect(entry.make().name == entry.name)
      #expect(!entry.summary.isEmpty)
    }
    #expect(Set(PolicyCatalog.entries.map(\.name)).count == PolicyCatalog.entries.count)
    #expect(PolicyCatalog.make("no such policy") == nil)
  }
}

/// Puts the first tasks where it is told, then asks another policy.
struct Scripted: PlacementPolicy {
  let name = "scripted"
  var first: [Int]
  var then: any PlacementPolicy
  private var placed = 0

  init(first: [Int], then: any PlacementPolicy) {
    self.first = first
    self.then = then
  }

  mutating func runBegan(on cluster: borrowing Cluster) { then.runBegan(on: cluster) }

  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    then.machineChanged(machine, on: cluster)
  }

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    defer { placed += 1 }
    return placed < first.count
      ? .machine(first[placed]) : then.place(task, on: cluster, using: &rng)
  }
}

/// Best fit as its definition says, by looking at every machine.
struct ScanningBestFit: PlacementPolicy {
  let name = "scanning-best-fit"
  func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in
      let free = cluster.free(machine)
      return free.cpu.value / 8 + free.memory.gibibytes / 20
    }
  }
}
