import Foundation
import KubeClient
import KubeObjects

/// A pod's binding to a node.
public struct Binding: Sendable {
  private let path: String
  private let body: [UInt8]

  /// Why a binding failed.
  public struct Problem: Sendable, CustomStringConvertible {
    /// In one line.
    public let description: String
    /// Whether trying again is of no use: the pod is gone or bound already.
    public let isFinal: Bool
  }

  /// A binding of a pod.
  public init(_ pod: Pod, node: String) {
    self.init(
      name: pod.metadata.name, namespace: pod.metadata.namespace ?? "default", uid: pod.uid,
      node: node)
  }

  /// A binding by names; the UID keeps it from a later pod of the same name.
  public init(name: String, namespace: String, uid: String, node: String) {
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-."))
    func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
    path = "/api/v1/namespaces/\(escaped(namespace))/pods/\(escaped(name))/binding"
    var text: [UInt8] = []
    text.append(json: "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":")
    text.append(jsonString: name)
    text.append(json: ",\"namespace\":")
    text.append(jsonString: namespace)
    text.append(json: ",\"uid\":")
    text.append(jsonString: uid)
    text.append(json: "},\"target\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":")
    text.append(jsonString: node)
    text.append(json: "}}")
    body = text
  }

  /// Creates it; nil if that succeeded.
  public func post(_ client: APIClient) async -> Problem? {
    do {
      let answer = try await client.send(.POST, path, body: body)
      guard answer.status >= 300 else { return nil }
      return Problem(
        description: "status \(answer.status): \(answer.words)",
        isFinal: answer.status == 404 || answer.status == 409)
    } catch {
      return Problem(description: "\(error)", isFinal: false)
    }
  }
}
