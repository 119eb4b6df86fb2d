import Simulation
import Testing
import Workload

/// Who may evict whom, over random workloads.
@Suite struct PreemptionTests {
  @Test(arguments: 0..<40)
  func nobodyIsEvictedByAnEqualOrLower(_ seed: Int) throws {
    let classes: [PriorityClass] = [.unknown, .bestEffort, .batch, .mid, .production, .monitoring]
    var rng = RandomStream(seed: UInt64(seed), name: "classes")
    let records = randomRecords(250, seed: UInt64(seed)).map { record in
      var record = record
      record.priorityClass = classes[rng.below(classes.count)]
      return record
    }
    let threshold = classes[2 + seed % 4]
    let policies: [any PlacementPolicy] = [FirstFit(), BestFit(), RandomPlacement(), WorstFit()]
    let (report, results) = try run(
      records, on: try machines(1 + seed % 4, cores: 4, memory: 16),
      policies[seed % policies.count],
      seed: UInt64(seed)
    ) {
      $0.preemption = threshold
      $0.order = .priority
      if seed % 3 == 0 { $0.backfilling = [.greedy, .easy, .conservative][seed / 3 % 3] }
      $0.estimates = .exact
    }
    #expect(report.preemptions > 0)
    #expect(report.audit?.passed == true)
    #expect(report.preemptions == results.reduce(0) { $0 + max(0, Int($1.attempts) - 1) })
    let starts = Set(results.map(\.start))
    for victim in results where victim.attempts > 1 {
      // The class that says nothing is out of it, and nobody is above monitoring.
      #expect(victim.priorityClass != .unknown && victim.priorityClass != .monitoring)
      guard victim.attempts == 2 else { continue }
      // It was cut short when another started, of a class above its own that may evict.
      let cut = victim.firstStart + victim.wasted
      let evictors = results.filter {
        $0.priorityClass > victim.priorityClass && $0.priorityClass >= threshold
          && ($0.firstStart == cut || $0.start == cut || $0.attempts > 2)
      }
      #expect(!evictors.isEmpty, "job \(victim.id.job)")
      #expect(starts.contains(cut) || evictors.contains { $0.attempts > 1 })
    }
  }

  @Test func equalClassesNeverEvict() throws {
    for priorityClass in [PriorityClass.bestEffort, .production, .unknown] {
      let records = randomRecords(200, seed: 5).map { record in
        var record = record
        record.priorityClass = priorityClass
        return record
      }
      let (report, results) = try run(
        records, on: try machines(2, cores: 4, memory: 16), FirstFit()
      ) {
        $0.preemption = .bestEffort
        $0.order = .priority
      }
      #expect(report.preemptions == 0)
      #expect(results.allSatisfy { $0.attempts <= 1 })
    }
  }
}
