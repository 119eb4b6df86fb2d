import Foundation
import KubeClient
import Logging

/// Holds a Lease of coordination.k8s.io, so that of several instances one decides.
///
/// A holder that has not renewed for `leaseSeconds` loses it. Clocks need not agree: an instance counts
/// from when it saw the lease change, by its own clock.
public struct LeaderElection: Sendable {
  private let client: APIClient
  private let path: String
  private let list: String
  private let name: String
  private let namespace: String
  private let identity: String
  private let logger: Logger
  private let leaseSeconds: Double

  /// - Parameter identity: tells this instance from all others.
  public init(
    _ client: APIClient, namespace: String, name: String, identity: String,
    leaseSeconds: Double = 15, logger: Logger
  ) {
    self.client = client
    list = "/apis/coordination.k8s.io/v1/namespaces/\(namespace)/leases"
    path = "\(list)/\(name)"
    self.name = name
    self.namespace = namespace
    self.identity = identity
    self.leaseSeconds = leaseSeconds
    self.logger = logger
  }

  private struct Lease: Decodable {
    struct Meta: Decodable { var resourceVersion: String }
    struct Spec: Decodable {
      var holderIdentity: String?
      var renewTime: String?
      var leaseTransitions: Int?
    }
    var metadata: Meta
    var spec: Spec?
  }

  /// Runs until the task is cancelled; `tell` hears whether this instance leads.
  public func run(_ tell: @Sendable (Bool) async -> Void) async {
    var seen: (version: String, at: Double)?
    var renewed = -Double.infinity
    var leads = false
    func clock() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
    while !Task.isCancelled {
      do {
        let answer = try await client.send(.GET, path, timeout: .seconds(5))
        if answer.status == 404 {
          if try await write(nil, transitions: 0) { renewed = clock() }
        } else if answer.status == 200 {
          let lease = try JSONDecoder().decode(Lease.self, from: Data(answer.body))
          let version = lease.metadata.resourceVersion
          if seen?.version != version { seen = (version, clock()) }
          let holder = lease.spec?.holderIdentity ?? ""
          let isOver = holder.isEmpty || clock() - (seen?.at ?? 0) > leaseSeconds
          if holder == identity || isOver {
            let transitions = (lease.spec?.leaseTransitions ?? 0) + (holder == identity ? 0 : 1)
            if try await write(version, transitions: transitions) { renewed = clock() }
          } else {
            renewed = -.infinity
          }
        } else {
          throw APIFailure("status \(answer.status): \(answer.words)")
        }
      } catch {
        logger.warning("lease \(name): \(error)")
      }
      // It stops leading well before another may begin.
      let now = clock() - renewed < leaseSeconds * 2 / 3
      if now != leads {
        leads = now
        logger.info("\(identity) \(leads ? "leads" : "no longer leads")")
        await tell(leads)
      }
      try? await Task.sleep(for: .seconds(leaseSeconds / 7.5))
    }
    guard leads else { return }
    await tell(false)
    try? await release()
  }

  /// Gives the lease up, so that another may begin at once.
  private func release() async throws {
    let answer = try await client.send(.GET, path, timeout: .seconds(2))
    guard answer.status == 200 else { return }
    let lease = try JSONDecoder().decode(Lease.self, from: Data(answer.body))
    guard lease.spec?.holderIdentity == identity else { return }
    _ = try await write(
      lease.metadata.resourceVersion, transitions: lease.spec?.leaseTransitions ?? 0, holder: "")
  }

  /// Writes the lease as this instance's; false if another was faster.
  private func write(
    _ version: String?, transitions: Int, holder: String? = nil
  ) async throws -> Bool {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    // MicroTime wants six decimals.
    let time = formatter.string(from: Date()).replacingOccurrences(of: "Z", with: "000Z")
    var metadata: [String: Any] = ["name": name, "namespace": namespace]
    metadata["resourceVersion"] = version
    let lease: [String: Any] = [
      "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
      "spec": [
        "holderIdentity": holder ?? identity, "leaseDurationSeconds": Int(leaseSeconds),
        "renewTime": time,
        "leaseTransitions": transitions,
      ],
    ]
    let body = Array(try JSONSerialization.data(withJSONObject: lease))
    let answer =
      version == nil
      ? try await client.send(.POST, list, body: body, timeout: .seconds(5))
      : try await client.send(.PUT, path, body: body, timeout: .seconds(5))
    if answer.status == 409 { return false }
    guard answer.status < 300 else {
      throw APIFailure("status \(answer.status): \(answer.words)")
    }
    return true
  }
}
