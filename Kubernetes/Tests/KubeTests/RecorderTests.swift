import Foundation
import KubeClient
import KubeObjects
import KubeRecording
import Logging
import Testing

@Suite struct RecorderTests {
  private func pod(_ uid: String, on node: String? = nil, phase: String = "Pending") throws
    -> RecordedPod
  {
    let place = node.map { #""nodeName":"\#($0)","# } ?? ""
    return try RecordedPod(
      json: Array(
        #"{"metadata":{"name":"\#(uid)","namespace":"secret-team","uid":"\#(uid)","creationTimestamp":"2026-01-01T00:00:00Z","ownerReferences":[{"kind":"Job","name":"j","uid":"o","controller":true}]},"spec":{\#(place)"schedulerName":"s","containers":[{"name":"c","image":"private/image","resources":{"requests":{"cpu":"250m","memory":"64Mi"},"limits":{"cpu":"1"}}}]},"status":{"phase":"\#(phase)"}}"#
          .utf8)[...])
  }

  private func lines(_ folder: String) throws -> [[String: Any]] {
    try String(contentsOfFile: folder + "/pods.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
  }

  private func recorder(_ folder: String) throws -> Recorder {
    try Recorder(folder, settings: Recorder.Settings(), logger: Logger(label: "test"))
  }

  @Test func aRecordingGoesOnWhereItWasKilled() async throws {
    let folder = NSTemporaryDirectory() + "recorder-\(UUID().uuidString)"
    var first: Recorder? = try recorder(folder)
    try await first?.take(pods: .page([pod("a")]))
    try await first?.take(pods: .listed(["a"]))
    try await first?.take(pods: .shown(pod("a", on: "n")))
    try await first?.take(pods: .shown(pod("b")))
    try await first?.take(pods: .shown(pod("b")))
    try await first?.take(pods: .shown(pod("c", on: "n")))
    first = nil
    // Killed in the middle of a line.
    let file = try #require(FileHandle(forUpdatingAtPath: folder + "/pods.jsonl"))
    try file.seekToEnd()
    try file.write(contentsOf: Data(#"{"uid":"a","out"#.utf8))
    try file.close()

    let second = try recorder(folder)
    // Meanwhile a has ended, c is gone, d has come.
    try await second.take(pods: .page([pod("a", on: "n", phase: "Succeeded"), pod("b"), pod("d")]))
    try await second.take(pods: .listed(["a", "b", "d"]))
    try await second.take(pods: .removed(pod("b")))
    let lines = try lines(folder)
    func of(_ uid: String) -> [[String: Any]] { lines.filter { $0["uid"] as? String == uid } }
    #expect(of("a").count == 3 && of("a").last?["outcome"] as? String == "finished")
    #expect(of("a")[0]["cpu_cores"] as? Double == 0.25 && of("a")[0]["owner"] as? String == "Job")
    #expect(of("a")[0]["limit_cpu_cores"] as? Double == 1)
    #expect(of("b").count == 2 && of("b").last?["outcome"] as? String == "killed")
    // It never ran, so it has no end of running.
    #expect(of("b").last?["end_us"] == nil && of("b").last?["left_us"] != nil)
    #expect(of("c").count == 3 && of("c").last?["outcome"] as? String == "lost")
    #expect(of("d").count == 1)
    // Who it was is not told.
    let text = try String(contentsOfFile: folder + "/pods.jsonl", encoding: .utf8)
    #expect(!text.contains("secret-team") && !text.contains("private/image"))
    #expect(Set(lines.compactMap { $0["user"] as? String }).count == 1)
  }

  @Test func evictionsAreTold() async throws {
    let folder = NSTemporaryDirectory() + "recorder-\(UUID().uuidString)"
    let recorder = try recorder(folder)
    try await recorder.take(pods: .listed([]))
    try await recorder.take(pods: .shown(pod("a", on: "n")))
    let event = try RecordedEvent(
      json: Array(
        #"{"metadata":{"name":"e"},"reason":"Preempted","involvedObject":{"kind":"Pod","uid":"a"}}"#
          .utf8)[...])
    await recorder.take(events: .shown(event))
    try await recorder.take(pods: .removed(pod("a", on: "n")))
    #expect(try lines(folder).last?["outcome"] as? String == "evicted")
  }
}
