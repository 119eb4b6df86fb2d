import Foundation
import NIOSSL
import Yams

/// Where the API server is and how to speak to it.
public struct APIAccess: Sendable {
  /// Its host.
  public var host: String
  /// Its port.
  public var port: Int
  /// What paths begin with; empty as a rule.
  public var prefix: String
  /// TLS, nil for plain HTTP.
  public var tls: NIOSSLContext?
  /// Sent as `Authorization: Bearer`; read anew from ``tokenFile`` where there is one.
  public var token: String?
  /// A file whose token changes, as a service account's does.
  public var tokenFile: String?

  /// What is wrong with the configuration, in one line.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  /// As a kubeconfig says, for its current context or a named one.
  ///
  /// Credentials that are programs (`exec`, `auth-provider`) are not run: that is a `Problem`.
  public init(kubeconfig path: String, context name: String? = nil) throws {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw Problem(description: "\(path): cannot be read")
    }
    let root: [String: Any]
    do { root = try Yams.load(yaml: text) as? [String: Any] ?? [:] } catch {
      throw Problem(description: "\(path): is no YAML")
    }
    func entry(_ list: String, _ kind: String, _ name: String) throws -> [String: Any] {
      let entries = root[list] as? [[String: Any]] ?? []
      guard
        let found = entries.first(where: { $0["name"] as? String == name })?[kind] as? [String: Any]
      else { throw Problem(description: "\(path): has no \(kind) '\(name)'") }
      return found
    }
    guard let context = name ?? root["current-context"] as? String else {
      throw Problem(description: "\(path): has no current-context")
    }
    let pair = try entry("contexts", "context", context)
    let cluster = try entry("clusters", "cluster", pair["cluster"] as? String ?? "")
    let user = try (pair["user"] as? String).map { try entry("users", "user", $0) } ?? [:]
    for key in ["exec", "auth-provider"] where user[key] != nil {
      throw Problem(
        description: "\(path): user has '\(key)'; programs named in a file are not run: use a token"
      )
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    func bytes(_ object: [String: Any], _ key: String) throws -> [UInt8]? {
      if let data = object[key + "-data"] as? String {
        guard let decoded = Data(base64Encoded: data) else {
          throw Problem(description: "\(path): \(key)-data is no base64")
        }
        return Array(decoded)
      }
      guard let file = object[key] as? String else { return nil }
      let place = URL(fileURLWithPath: file, relativeTo: folder).path
      guard let data = FileManager.default.contents(atPath: place) else {
        throw Problem(description: "\(path): \(key) '\(file)' cannot be read")
      }
      return Array(data)
    }
    guard let server = cluster["server"] as? String else {
      throw Problem(description: "\(path): its cluster has no server")
    }
    try self.init(
      server: server, authority: bytes(cluster, "certificate-authority"),
      certificate: bytes(user, "client-certificate"), key: bytes(user, "client-key"),
      isUnchecked: cluster["insecure-skip-tls-verify"] as? Bool ?? false)
    token = user["token"] as? String
    tokenFile = user["tokenFile"] as? String
  }

  /// As a pod of the cluster finds it: KUBERNETES_SERVICE_HOST and the service account's files.
  public static func inCluster() throws -> APIAccess {
    let environment = ProcessInfo.processInfo.environment
    guard let host = environment["KUBERNETES_SERVICE_HOST"],
      let port = environment["KUBERNETES_SERVICE_PORT"]
    else {
      throw Problem(description: "not in a cluster, and no --kubeconfig: nowhere to look for nodes")
    }
    let folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    let authority = FileManager.default.contents(atPath: folder + "/ca.crt").map(Array.init)
    let name = host.contains(":") ? "[\(host)]" : host
    var access = try APIAccess(
      server: "https://\(name):\(port)", authority: authority, certificate: nil, key: nil,
      isUnchecked: false)
    access.tokenFile = folder + "/token"
    return access
  }

  /// A server by its URL.
  public init(
    server: String, authority: [UInt8]?, certificate: [UInt8]?, key: [UInt8]?, isUnchecked: Bool
  ) throws {
    guard let url = URL(string: server), let host = url.host, let scheme = url.scheme,
      ["http", "https"].contains(scheme)
    else { throw Problem(description: "'\(server)' is no URL of a server") }
    self.host = host.trimmingCharacters(in: ["[", "]"])
    port = url.port ?? (scheme == "https" ? 443 : 80)
    prefix = url.path == "/" ? "" : url.path
    guard scheme == "https" else { return }
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let authority {
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
    }
    if let certificate, let key {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map {
        .certificate($0)
      }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
    }
    if isUnchecked { configuration.certificateVerification = .none }
    tls = try NIOSSLContext(configuration: configuration)
  }

  /// The `Authorization` header's value.
  var authorization: String? {
    let fresh = tokenFile.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    return (fresh ?? token).map { "Bearer " + $0.trimmingCharacters(in: .whitespacesAndNewlines) }
  }
}
