import Foundation
import KubeObjects
import Logging

/// What a watch tells of objects of one kind.
public enum WatchEvent<Object: Decodable & Sendable>: Sendable {
  /// A whole list: what is not in it is gone.
  case listed([Object])
  /// One was added or has changed.
  case shown(Object)
  /// One is gone.
  case removed(Object)
  /// The watch has heard from the server.
  case alive
}

/// Lists a kind of object and watches it, for ever: an interrupted watch goes on from where it was, one
/// whose place is forgotten (410 Gone) begins with a list again, failures wait with growing pauses.
public struct Watcher<Object: Decodable & Sendable>: Sendable {
  private let client: APIClient
  private let path: String
  private let query: String
  private let logger: Logger

  /// - Parameters:
  ///   - path: the collection, such as `/api/v1/nodes`.
  ///   - query: further conditions, such as `fieldSelector=…`; empty for none.
  public init(_ client: APIClient, path: String, query: String = "", logger: Logger) {
    self.client = client
    self.path = path
    self.query = query
    self.logger = logger
  }

  private struct ObjectList: Decodable {
    struct Meta: Decodable {
      var resourceVersion: String
      var `continue`: String?
    }
    var metadata: Meta
    var items: [Object]
  }
  private struct Line: Decodable {
    struct Unknown: Decodable {
      var code: Int?
      var message: String?
      var metadata: Version?
    }
    struct Version: Decodable { var resourceVersion: String? }
    var type: String
  }
  private struct ObjectLine<Content: Decodable>: Decodable { var object: Content }

  /// Runs until the task is cancelled.
  public func run(_ tell: @Sendable (WatchEvent<Object>) async -> Void) async {
    var version: String?
    var failures = 0
    while !Task.isCancelled {
      do {
        if version == nil { version = try await list(tell) }
        let place = try await watch(from: version!, tell)
        version = place
        failures = 0
      } catch is CancellationError {
        return
      } catch {
        failures += 1
        // 0.2 s, doubling to 15 s, and up to a half more by chance, so that many do not come at once.
        let pause =
          min(0.2 * pow(2, Double(min(failures - 1, 10))), 15) * Double.random(in: 1...1.5)
        logger.warning("\(path): \(error); again in \(String(format: "%.1f", pause)) s")
        try? await Task.sleep(for: .seconds(pause))
      }
    }
  }

  private func list(_ tell: @Sendable (WatchEvent<Object>) async -> Void) async throws -> String {
    var items: [Object] = []
    var next: String?
    repeat {
      var parameters = ["limit=2000"] + (query.isEmpty ? [] : [query])
      if let next {
        let allowed = CharacterSet.alphanumerics
        parameters.append(
          "continue=" + (next.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""))
      }
      let answer = try await client.send(.GET, path + "?" + parameters.joined(separator: "&"))
      if answer.status == 410, next != nil {
        items.removeAll()
        next = nil
        continue
      }
      guard answer.status == 200 else {
        throw APIFailure("status \(answer.status): \(answer.words)")
      }
      let page = try JSONDecoder().decode(ObjectList.self, from: Data(answer.body))
      items += page.items
      next = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
      if next == nil {
        await tell(.listed(items))
        return page.metadata.resourceVersion
      }
    } while true
  }

  /// Returns the place to go on from; nil if a list is needed.
  private func watch(
    from version: String, _ tell: @Sendable (WatchEvent<Object>) async -> Void
  ) async throws -> String? {
    let parameters =
      [
        "watch=true", "allowWatchBookmarks=true", "timeoutSeconds=300",
        "resourceVersion=\(version)",
      ]
      + (query.isEmpty ? [] : [query])
    var place = version
    let decoder = JSONDecoder()
    do {
      for try await line in try await client.lines(path + "?" + parameters.joined(separator: "&")) {
        let data = Data(line)
        switch try decoder.decode(Line.self, from: data).type {
        case "ADDED", "MODIFIED":
          await tell(.shown(try decoder.decode(ObjectLine<Object>.self, from: data).object))
        case "DELETED":
          await tell(.removed(try decoder.decode(ObjectLine<Object>.self, from: data).object))
        case "BOOKMARK": await tell(.alive)
        case "ERROR":
          let status = try decoder.decode(ObjectLine<Line.Unknown>.self, from: data).object
          if status.code == 410 { return nil }
          throw APIFailure("watch: \(status.message ?? "error \(status.code ?? 0)")")
        default: continue
        }
        let object = try decoder.decode(ObjectLine<Line.Unknown>.self, from: data).object
        if let version = object.metadata?.resourceVersion { place = version }
      }
    } catch let failure as APIFailure where failure.description.hasPrefix("status 410") {
      return nil
    }
    try Task.checkCancellation()
    return place
  }
}
