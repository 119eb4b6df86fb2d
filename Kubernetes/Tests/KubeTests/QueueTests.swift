import Foundation
import KubeObjects
import Testing

@testable import KubeScheduler

@Suite struct QueueTests {
  private func pod(_ name: String, priority: Int = 0, labels: String = "{}") throws -> Pod {
    try JSONDecoder().decode(
      Pod.self,
      from: Data(
        #"{"metadata":{"name":"\#(name)","uid":"\#(name)","labels":\#(labels)},"spec":{"priority":\#(priority),"containers":[{"name":"c"}]}}"#
          .utf8))
  }

  private func drain(_ queue: inout PodQueue) -> [String] {
    var names: [String] = []
    while let entry = queue.next() { names.append(entry.pod.uid) }
    return names
  }

  @Test func priorityThenArrival() throws {
    var queue = PodQueue()
    for (name, priority) in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", 9)] {
      queue.add(try pod(name, priority: priority))
    }
    queue.remove("c")
    #expect(drain(&queue) == ["e", "b", "d", "a"])
    #expect(queue.count == 0)
  }

  @Test func pausesEndInTheirOrder() throws {
    var queue = PodQueue()
    for name in ["a", "b", "c"] { queue.add(try pod(name)) }
    for time in [3.0, 1.0, 2.0] { queue.put(queue.next()!, until: time) }
    #expect(drain(&queue) == [] && queue.nextWake() == 1)
    queue.wake(at: 2)
    #expect(drain(&queue) == ["b", "c"])
    queue.wake(at: 2, all: true)
    #expect(drain(&queue) == ["a"])
  }

  @Test func whatIsAsItWasStaysWhereItIs() throws {
    var queue = PodQueue()
    queue.add(try pod("a"))
    queue.put(queue.next()!, until: 10)
    queue.add(try pod("a"))
    #expect(drain(&queue) == [])
    queue.add(try pod("a", priority: 1))
    #expect(drain(&queue) == ["a"])
  }

  @Test func groupsAreTakenWhole() throws {
    var queue = PodQueue()
    let labels = #"{"scheduling.x-k8s.io/pod-group":"g"}"#
    queue.add(try pod("a", labels: labels))
    queue.add(try pod("x"))
    queue.add(try pod("b", labels: labels))
    let next = queue.next()
    let first = try #require(next)
    #expect(first.group == "default/g")
    #expect(queue.take(group: "default/g").map(\.pod.uid) == ["b"])
    #expect(drain(&queue) == ["x"])
  }
}
