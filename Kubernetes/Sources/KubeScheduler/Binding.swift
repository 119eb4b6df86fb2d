import KubeClient
import KubeObjects

/// Why something could not be created.
public struct CreationProblem: Sendable, CustomStringConvertible {
  /// In one line.
  public let description: String
  /// Whether trying again is of no use: the pod is gone, or what was asked is done already.
  public let isFinal: Bool
  /// Whether it may have been created all the same: no answer came, or one of a server in trouble.
  public let isUnknown: Bool

  /// The problem that an answer tells of; nil for one of success.
  init?(_ answer: APIAnswer) {
    guard answer.status >= 300 else { return nil }
    description = "status \(answer.status): \(answer.words)"
    isFinal = answer.status == 404 || answer.status == 409
    isUnknown = answer.status >= 500
    isConflict = answer.status == 409
  }

  /// No answer came.
  init(_ error: any Error) {
    description = "\(error)"
    isFinal = false
    isUnknown = true
    isConflict = false
  }

  /// Whether it was there already, by this call's forerunner or another's.
  public let isConflict: Bool
}

/// A pod's binding to a node.
public struct Binding: Sendable {
  private let path: String
  private let body: [UInt8]

  /// A binding of a pod.
  public init(_ pod: Pod, node: String) {
    self.init(
      name: pod.metadata.name, namespace: pod.metadata.namespace ?? "default", uid: pod.uid,
      node: node)
  }

  /// A binding by names; the UID keeps it from a later pod of the same name.
  public init(name: String, namespace: String, uid: String, node: String) {
    path =
      "/api/v1/namespaces/\(APIPath.escaped(namespace))/pods/\(APIPath.escaped(name))/binding"
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
  public func post(_ client: APIClient) async -> CreationProblem? {
    do {
      return CreationProblem(try await client.send(.POST, path, body: body, timeout: .seconds(15)))
    } catch {
      return CreationProblem(error)
    }
  }
}

/// The eviction of a pod, which the API server refuses where a disruption budget forbids it.
struct Eviction: Sendable {
  private let path: String
  private let name: String
  private let namespace: String
  private let uid: String

  /// - Parameter key: `namespace/name`.
  init(_ key: String, uid: String) {
    let parts = key.split(separator: "/", maxSplits: 1).map(String.init)
    namespace = parts.first ?? "default"
    name = parts.last ?? ""
    self.uid = uid
    path =
      "/api/v1/namespaces/\(APIPath.escaped(namespace))/pods/\(APIPath.escaped(name))/eviction"
  }

  private func body(_ version: String) -> [UInt8] {
    var text: [UInt8] = []
    text.append(json: "{\"apiVersion\":")
    text.append(jsonString: version)
    text.append(json: ",\"kind\":\"Eviction\",\"metadata\":{\"name\":")
    text.append(jsonString: name)
    text.append(json: ",\"namespace\":")
    text.append(jsonString: namespace)
    text.append(json: "},\"deleteOptions\":{\"preconditions\":{\"uid\":")
    text.append(jsonString: uid)
    text.append(json: "}}}")
    return text
  }

  /// Creates it; nil if that succeeded. `policy/v1` is there from 1.22 on, its forerunner until 1.24.
  func post(_ client: APIClient) async -> CreationProblem? {
    do {
      var answer = try await client.send(.POST, path, body: body("policy/v1"))
      if answer.status == 400 || answer.status == 415 {
        answer = try await client.send(.POST, path, body: body("policy/v1beta1"))
      }
      return CreationProblem(answer)
    } catch {
      return CreationProblem(error)
    }
  }
}
