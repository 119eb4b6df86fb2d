import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// An answer of the API server.
public struct APIAnswer: Sendable {
  /// The status.
  public var status: Int
  /// The body.
  public var body: [UInt8]

  /// What a Status object or another body says, in short.
  public var words: String { String(decoding: body.prefix(300), as: UTF8.self) }
}

/// Why no answer came.
public struct APIFailure: Error, CustomStringConvertible {
  public let description: String
  /// A reason in one line.
  public init(_ description: String) { self.description = description }
}

/// A connection that carries one request after another.
final class APIConnection: Sendable {
  private let channel: any Channel
  private let access: APIAccess

  /// Connects.
  static func open(_ access: APIAccess, on group: any EventLoopGroup) async throws -> APIConnection
  {
    let channel = try await ClientBootstrap(group: group)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(.seconds(5))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls = access.tls {
            // A server name must not be an address.
            let isAddress = (try? SocketAddress(ipAddress: access.host, port: 0)) != nil
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : access.host))
          }
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          // A watch hears bookmarks every minute and ends after five: silence means that nobody is there.
          try channel.pipeline.syncOperations.addHandler(
            IdleStateHandler(readTimeout: .seconds(330)))
          try channel.pipeline.syncOperations.addHandler(APIHandler())
        }
      }.connect(host: access.host, port: access.port).get()
    return APIConnection(channel, access)
  }

  private init(_ channel: any Channel, _ access: APIAccess) {
    self.channel = channel
    self.access = access
  }

  var isOpen: Bool { channel.isActive }

  func close() { channel.close(promise: nil) }

  /// Sends a request; whole answers only.
  func send(
    _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, type: String = "application/json",
    timeout: TimeAmount
  ) async throws -> APIAnswer {
    let promise = channel.eventLoop.makePromise(of: APIAnswer.self)
    let timer = channel.eventLoop.scheduleTask(in: timeout) { [channel] in
      promise.fail(APIFailure("no answer in time"))
      channel.close(promise: nil)
    }
    promise.futureResult.whenComplete { _ in timer.cancel() }
    let written = channel.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenFailure { promise.fail(APIFailure("\($0)")) }
    channel.writeAndFlush(
      APIRequest(head: head(method, path, body, type), body: body, answer: .whole(promise)),
      promise: written)
    return try await promise.futureResult.get()
  }

  /// Opens a watch: the lines of an answer, as they come. The connection serves nothing else.
  func lines(_ path: String) -> AsyncThrowingStream<[UInt8], any Error> {
    AsyncThrowingStream { continuation in
      continuation.onTermination = { [channel] _ in channel.close(promise: nil) }
      channel.closeFuture.whenComplete { _ in continuation.finish() }
      channel.writeAndFlush(
        APIRequest(head: head(.GET, path, nil, ""), body: nil, answer: .lines(continuation)),
        promise: nil)
    }
  }

  private func head(
    _ method: HTTPMethod, _ path: String, _ body: [UInt8]?, _ type: String
  ) -> HTTPRequestHead {
    var headers = HTTPHeaders([
      ("Host", "\(access.host):\(access.port)"), ("Accept", "application/json"),
      ("User-Agent", "tracemill-kube"),
    ])
    if let authorization = access.authorization {
      headers.add(name: "Authorization", value: authorization)
    }
    if let body {
      headers.add(name: "Content-Type", value: type)
      headers.add(name: "Content-Length", value: String(body.count))
    }
    return HTTPRequestHead(
      version: .http1_1, method: method, uri: access.prefix + path, headers: headers)
  }
}

/// What is to be sent, and where its answer goes.
private struct APIRequest: Sendable {
  enum Answer: Sendable {
    case whole(EventLoopPromise<APIAnswer>)
    case lines(AsyncThrowingStream<[UInt8], any Error>.Continuation)
  }
  var head: HTTPRequestHead
  var body: [UInt8]?
  var answer: Answer
}

/// Pairs requests with answers, in their order.
private final class APIHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = APIRequest
  typealias OutboundOut = HTTPClientRequestPart

  /// A line of a watch, or an answer, is no longer than this.
  private static let limit = 512 << 20

  private var waiting: [APIRequest.Answer] = []
  private var status = 0
  private var body: [UInt8] = []

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let request = unwrapOutboundIn(data)
    waiting.append(request.answer)
    context.write(wrapOutboundOut(.head(request.head)), promise: nil)
    if let body = request.body {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    }
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      status = Int(head.status.code)
      body.removeAll()
    case .body(let buffer):
      guard body.count + buffer.readableBytes <= Self.limit else {
        return context.close(promise: nil)
      }
      let known = body.count
      body.append(contentsOf: buffer.readableBytesView)
      if case .lines(let continuation) = waiting.first, status == 200 {
        passLines(continuation, from: known)
      }
    case .end:
      guard !waiting.isEmpty else { return context.close(promise: nil) }
      switch waiting.removeFirst() {
      case .whole(let promise): promise.succeed(APIAnswer(status: status, body: body))
      case .lines(let continuation):
        let answer = APIAnswer(status: status, body: body)
        continuation.finish(
          throwing: status == 200
            ? nil : APIFailure("status \(status): \(answer.words)"))
        context.close(promise: nil)
      }
      body.removeAll()
    }
  }

  /// Passes on whole lines; before `known` there is no end of one.
  private func passLines(
    _ continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation, from known: Int
  ) {
    var start = 0
    var place = known
    while let end = body[place...].firstIndex(of: UInt8(ascii: "\n")) {
      if end > start { continuation.yield(Array(body[start..<end])) }
      start = end + 1
      place = start
    }
    body.removeFirst(start)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail("the connection was closed")
    context.fireChannelInactive()
  }

  private func fail(_ words: String) {
    for answer in waiting {
      switch answer {
      case .whole(let promise): promise.fail(APIFailure(words))
      case .lines(let continuation): continuation.finish(throwing: APIFailure(words))
      }
    }
    waiting.removeAll()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail("\(error)")
    context.close(promise: nil)
  }
}
