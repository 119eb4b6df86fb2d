import Foundation
import KubeClient
import KubeObjects

/// Writes events of pods; that one cannot be written is no reason to stop.
struct PodEvents: Sendable {
  let client: APIClient
  /// Who says so.
  let component: String

  /// Writes an event of a pod.
  func tell(_ pod: Pod, _ reason: String, _ kind: String, _ words: String) async {
    await tell(key: pod.key, uid: pod.uid, reason, kind, words)
  }

  /// The same by the pod's `namespace/name` and UID.
  func tell(
    key: String, uid: String, _ reason: String, _ kind: String, _ words: String
  ) async {
    let time = ISO8601DateFormatter().string(from: Date())
    let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return }
    let event: [String: Any] = [
      "apiVersion": "v1", "kind": "Event",
      "metadata": ["generateName": "\(parts[1].prefix(200)).", "namespace": parts[0]],
      "involvedObject": [
        "kind": "Pod", "name": parts[1], "namespace": parts[0], "uid": uid, "apiVersion": "v1",
      ],
      "reason": reason, "message": String(words.prefix(1000)), "type": kind, "count": 1,
      "firstTimestamp": time, "lastTimestamp": time, "source": ["component": component],
    ]
    guard let body = try? JSONSerialization.data(withJSONObject: event) else { return }
    _ = try? await client.send(
      .POST, "/api/v1/namespaces/\(APIPath.escaped(parts[0]))/events", body: Array(body))
  }
}
