import NIOCore
import NIOHTTP1
import NIOPosix

/// Requests to the API server over a few lasting connections.
public actor APIClient {
  private let access: APIAccess
  private let group: any EventLoopGroup
  private var idle: [APIConnection] = []
  private var open = 0
  private var waiters: [CheckedContinuation<Void, Never>] = []
  private let limit: Int

  /// A client of at most `connections` requests at a time.
  public init(
    _ access: APIAccess, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    connections: Int = 16
  ) {
    self.access = access
    self.group = group
    limit = connections
  }

  /// An answer of any status.
  ///
  /// - Throws: `APIFailure` where none came.
  public func send(
    _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, type: String = "application/json",
    timeout: TimeAmount = .seconds(30)
  ) async throws -> APIAnswer {
    while open >= limit && idle.isEmpty {
      await withCheckedContinuation { waiters.append($0) }
    }
    let connection = try await take()
    do {
      let answer = try await connection.send(method, path, body: body, type: type, timeout: timeout)
      give(connection)
      return answer
    } catch {
      open -= 1
      connection.close()
      wake()
      throw error
    }
  }

  private func take() async throws -> APIConnection {
    while let connection = idle.popLast() {
      if connection.isOpen { return connection }
      open -= 1
    }
    open += 1
    do { return try await APIConnection.open(access, on: group) } catch {
      open -= 1
      wake()
      throw error
    }
  }

  private func give(_ connection: APIConnection) {
    if connection.isOpen { idle.append(connection) } else { open -= 1 }
    wake()
  }

  private func wake() {
    if !waiters.isEmpty { waiters.removeFirst().resume() }
  }

  /// The lines of a watch, over a connection of its own.
  nonisolated func lines(
    _ path: String
  ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
    try await APIConnection.open(access, on: group).lines(path)
  }
}
