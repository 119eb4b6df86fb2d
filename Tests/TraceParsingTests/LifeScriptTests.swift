import Foundation
import Testing
import Workload

@testable import TraceParsing

@Suite struct LifeScriptTests {
  /// The record of events in file order.
  private func record(_ events: [LifecycleEvent], end: Microseconds) -> TaskRecord? {
    var counts = TransitionCounts()
    var life = Lifecycle(events[0])
    for event in events.dropFirst() { life.append(Lifecycle(event), counting: &counts) }
    return life.record(end: end, scale: .assumed, counting: &counts)
  }

  /// Any life, possible or not: kinds and gaps at random, times at and around the ends.
  private func randomLife(_ rng: inout RandomStream, regular: Bool) -> [LifecycleEvent] {
    var time: Int64 = rng.below(3) == 0 ? 0 : Int64(rng.below(5)) + 1
    var state = LifeState.unsubmitted
    var events: [LifecycleEvent] = []
    for _ in 0..<(1 + rng.below(9)) {
      let kinds = LifeEvent.google2011.filter { !regular || state.allows($0) }
      let kind = kinds[rng.below(kinds.count)]
      if rng.below(3) > 0 { time += Int64(rng.below(50)) }
      var event = LifecycleEvent(id: TaskID(job: 4, index: 2), kind: kind, time: Microseconds(time))
      if rng.below(4) > 0 {
        event.request = NormalisedRequest(
          SIMD4(
            Double(rng.below(16)) / 64, rng.below(5) > 0 ? rng.uniform() : .nan, 0.25, .nan))
      }
      if rng.below(2) == 0 { event.machine = Int64(rng.below(5)) }
      event.user = UserID(3)
      event.priority = 5
      event.priorityClass = .batch
      event.schedulingClass = 2
      if rng.below(9) == 0 { event.flags.insert(.missingInfo) }
      if rng.below(9) == 0 { event.flags.insert(.differentMachines) }
      if let next = kind.next { state = next }
      events.append(event)
    }
    return events
  }

  /// The fields in which two records differ.
  private func difference(_ a: TaskRecord, _ b: TaskRecord) -> String {
    zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children)
      .filter { "\($0.value)" != "\($1.value)" }
      .map { "\($0.label ?? "") \($0.value) instead of \($1.value)" }.joined(separator: "; ")
  }

  @Test(arguments: [true, false])
  func `a script makes the record that it was made from`(regular: Bool) throws {
    let isSlow = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1"
    var rng = RandomStream(seed: regular ? 11 : 12, name: "lives")
    for number in 0..<(isSlow ? 200_000 : 4000) {
      let events = randomLife(&rng, regular: regular)
      let last = events.map(\.time).max() ?? .zero
      let end = last + Microseconds(Int64(rng.below(30)))
      let original = try #require(record(events, end: end))
      let script = LifeScript(original, scale: .assumed, traceEnd: end, marksTraceEnd: false)
      let copy = record(script.events, end: end)
      #expect(zip(script.events, script.events.dropFirst()).allSatisfy { $0.time <= $1.time })
      let marked = LifeScript(original, scale: .assumed, traceEnd: end, marksTraceEnd: true)
      #expect(record(marked.events, end: end) == original)
      if !original.outcome.hasEnded { #expect(marked.events.contains { $0.time == end }) }
      let shown = { (events: [LifecycleEvent]) in
        events.map { "\($0.kind.name) \($0.time.rawValue)" }.joined(separator: ", ")
      }
      if copy == original { continue }
      let differences = copy.map { difference($0, original) } ?? "no record"
      try #require(
        differences.isEmpty,
        "life \(number): \(shown(events)) came back as \(shown(script.events)): \(differences)")
    }
  }
}
