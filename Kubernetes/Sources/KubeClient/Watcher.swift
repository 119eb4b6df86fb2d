import Foundation
import KubeObjects
import Logging

/// What a watch tells of objects of one kind.
public enum WatchEvent<Object: APIObject>: Sendable {
  /// Some of the objects of a list that is being read.
  case page([Object])
  /// The list was read to its end: what is not among these identities is gone.
  case listed(Set<String>)
  /// One was added or has changed.
  case shown(Object)
  /// One is gone.
  case removed(Object)
  /// The watch has heard from the server.
  case alive

  /// Whether it is part of a list whose end is still to come.
  public var isPage: Bool {
    if case .page = self { return true }
    return false
  }
}

/// Lists a kind of object and watches it, for ever: an interrupted watch goes on from where it was, one
/// whose place is forgotten (410 Gone) begins with a list again, failures wait with growing pauses.
///
/// Lists are read and told page by page, so that memory does not hold a whole one. An object that cannot be
/// read is left out with a warning, and does not keep the others.
public struct Watcher<Object: APIObject>: Sendable {
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

  /// Runs until the task is cancelled.
  ///
  /// - Parameters:
  ///   - version: a resource version to go on from; a list comes first if nil.
  ///   - note: hears of every resource version from which one could go on.
  public func run(
    from version: String? = nil, noting note: (@Sendable (String) async -> Void)? = nil,
    _ tell: @Sendable (WatchEvent<Object>) async -> Void
  ) async {
    var version = version
    var failures = 0
    while !Task.isCancelled {
      do {
        if version == nil {
          version = try await list(tell)
          await note?(version!)
        }
        try await watch(&version, note, tell)
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

  private struct ListMeta: Decodable {
    var resourceVersion: String
    var `continue`: String?
  }

  private func list(_ tell: @Sendable (WatchEvent<Object>) async -> Void) async throws -> String {
    var identities: Set<String> = []
    var next: String?
    while true {
      var parameters = ["limit=500"] + (query.isEmpty ? [] : [query])
      if let next { parameters.append("continue=" + APIPath.escaped(next)) }
      let answer = try await client.send(.GET, path + "?" + parameters.joined(separator: "&"))
      if answer.status == 410, next != nil {
        identities.removeAll()
        next = nil
        continue
      }
      guard answer.status == 200 else {
        throw APIFailure("status \(answer.status): \(answer.words)")
      }
      let (meta, items) = try page(answer.body)
      for item in items { identities.insert(item.identity) }
      await tell(.page(items))
      next = meta.continue.flatMap { $0.isEmpty ? nil : $0 }
      if next == nil {
        await tell(.listed(identities))
        return meta.resourceVersion
      }
    }
  }

  private func page(_ body: [UInt8]) throws -> (ListMeta, [Object]) {
    let text = JSONSlices(body)
    var meta: ListMeta?
    var items: [Object] = []
    try text.members(of: text.root()) { name, range in
      switch name {
      case "metadata": meta = try JSONDecoder().decode(ListMeta.self, from: Data(body[range]))
      case "items" where !text.isNull(range):
        try text.elements(of: range) { element in
          if let object = object(body[element]) { items.append(object) }
        }
      default: break
      }
    }
    guard let meta else { throw APIFailure("the list has no metadata") }
    return (meta, items)
  }

  private func object(_ bytes: ArraySlice<UInt8>) -> Object? {
    do {
      return try Object(json: bytes)
    } catch {
      let start = String(decoding: bytes.prefix(120), as: UTF8.self)
      logger.warning("\(path): an object cannot be read and is left out: \(start)")
      return nil
    }
  }

  private struct Bookmark: Decodable {
    struct Meta: Decodable { var resourceVersion: String? }
    var metadata: Meta?
    var code: Int?
    var message: String?
  }

  /// Watches until the server ends it; `version` becomes the place to go on from, nil if a list is needed.
  private func watch(
    _ version: inout String?, _ note: (@Sendable (String) async -> Void)?,
    _ tell: @Sendable (WatchEvent<Object>) async -> Void
  ) async throws {
    let parameters =
      [
        "watch=true", "allowWatchBookmarks=true", "timeoutSeconds=300",
        "resourceVersion=\(APIPath.escaped(version ?? ""))",
      ]
      + (query.isEmpty ? [] : [query])
    do {
      for try await line in try await client.lines(path + "?" + parameters.joined(separator: "&")) {
        let text = JSONSlices(line)
        var type = ""
        var range: Range<Int>?
        try text.members(of: text.root()) { name, value in
          if name == "type" { type = text.plainString(value) ?? "" }
          if name == "object" { range = value }
        }
        guard let range else { continue }
        var place: String?
        if ["ADDED", "MODIFIED", "DELETED"].contains(type) {
          guard let object = object(line[range]) else { continue }
          await tell(type == "DELETED" ? .removed(object) : .shown(object))
          place = object.metadata.resourceVersion
        } else {
          let mark = try JSONDecoder().decode(Bookmark.self, from: Data(line[range]))
          if type == "ERROR" {
            if mark.code == 410 { version = nil }
            throw APIFailure("watch: \(mark.message ?? "error \(mark.code ?? 0)")")
          }
          await tell(.alive)
          place = mark.metadata?.resourceVersion
        }
        if let place {
          version = place
          await note?(place)
        }
      }
    } catch let failure as APIFailure where failure.description.hasPrefix("status 410") {
      version = nil
    }
    try Task.checkCancellation()
  }
}
