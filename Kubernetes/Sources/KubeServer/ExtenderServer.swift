import KubeExtender
import KubeObjects
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The HTTP server of the extender: `POST …/filter`, `…/prioritize`, `…/preempt`, and `/healthz`,
/// `/readyz`, `/metrics`.
public struct ExtenderServer: Sendable {
  /// Where it listens and what it bears.
  public struct Settings: Sendable {
    /// The address; the loopback unless said otherwise.
    public var host = "127.0.0.1"
    /// The port; 0 is any that is free.
    public var port = 8888
    /// The longest body, in bytes.
    public var bodyLimit = 128 << 20
    /// A request is whole within so many seconds, else the connection is closed.
    public var requestSeconds: Int64 = 10
    /// A connection that says nothing for so many seconds is closed.
    public var idleSeconds: Int64 = 300
    /// Connections at a time.
    public var connectionLimit = 512
    /// TLS; nil for plain HTTP.
    public var tls: NIOSSLContext?
    /// Calls must bear this token, if there is one.
    public var token: String?
    /// The default settings.
    public init() {}
  }

  private let service: ExtenderService
  private let settings: Settings
  private let logger: Logger
  private let bind: (@Sendable (ExtenderBinding) async -> String)?
  private let servesVerbs: Bool

  /// - Parameters:
  ///   - servesVerbs: whether calls of kube-scheduler are answered; health and metrics always are.
  ///   - bind: creates a Binding and returns what went wrong, empty for nothing; without it the verb
  ///     bind is refused.
  public init(
    _ service: ExtenderService, settings: Settings, logger: Logger, servesVerbs: Bool = true,
    bind: (@Sendable (ExtenderBinding) async -> String)? = nil
  ) {
    self.servesVerbs = servesVerbs
    self.service = service
    self.settings = settings
    self.logger = logger
    self.bind = bind
  }

  /// Listens; the channel's closing ends it.
  public func start(
    on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) async throws -> any Channel {
    let counter = ConnectionCounter(limit: settings.connectionLimit)
    return try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // An answer must not wait for the acknowledgement of another packet: 40 ms a call else.
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          guard counter.enter(channel) else { throw ChannelError.inputClosed }
          let pipeline = channel.pipeline.syncOperations
          if let tls = settings.tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true)
          try pipeline.addHandler(ExtenderHandler(service, settings, logger, servesVerbs, bind))
        }
      }.bind(host: settings.host, port: settings.port).get()
  }
}

/// Admits so many connections at a time.
private final class ConnectionCounter: Sendable {
  private let open = NIOLockedValueBox(0)
  private let limit: Int
  init(limit: Int) { self.limit = limit }

  func enter(_ channel: any Channel) -> Bool {
    let isAdmitted = open.withLockedValue { open in
      guard open < limit else { return false }
      open += 1
      return true
    }
    if isAdmitted {
      channel.closeFuture.whenComplete { [self] _ in open.withLockedValue { $0 -= 1 } }
    }
    return isAdmitted
  }
}

/// One connection's requests, one after another.
private final class ExtenderHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let service: ExtenderService
  private let settings: ExtenderServer.Settings
  private let logger: Logger
  private let servesVerbs: Bool
  private let bind: (@Sendable (ExtenderBinding) async -> String)?
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var timer: Scheduled<Void>?

  init(
    _ service: ExtenderService, _ settings: ExtenderServer.Settings, _ logger: Logger,
    _ servesVerbs: Bool, _ bind: (@Sendable (ExtenderBinding) async -> String)?
  ) {
    self.service = service
    self.settings = settings
    self.logger = logger
    self.servesVerbs = servesVerbs
    self.bind = bind
  }

  func channelActive(context: ChannelHandlerContext) {
    limit(settings.requestSeconds, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  /// Closes the connection unless something happens in time.
  private func limit(_ seconds: Int64, _ context: ChannelHandlerContext) {
    timer?.cancel()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.removeAll(keepingCapacity: body.capacity < 1 << 20)
      limit(settings.requestSeconds, context)
      if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
        length > settings.bodyLimit
      {
        refuse(
          .payloadTooLarge, "a body of \(length) bytes; at most \(settings.bodyLimit)", context)
      }
    case .body(let buffer):
      guard head != nil else { return }
      guard body.count + buffer.readableBytes <= settings.bodyLimit else {
        return refuse(.payloadTooLarge, "a body of more than \(settings.bodyLimit) bytes", context)
      }
      body.append(contentsOf: buffer.readableBytesView)
    case .end:
      guard let head else { return }
      self.head = nil
      limit(settings.idleSeconds, context)
      answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let path = head.uri.split(separator: "?").first.map(String.init) ?? head.uri
    switch (head.method, path) {
    case (.GET, "/healthz"): return respond(.ok, "ok", context)
    case (.GET, "/readyz"):
      return later(context) { [service] in
        await service.isReadyNow()
      } then: { handler, isReady, context in
        handler.respond(
          isReady ? .ok : .serviceUnavailable,
          isReady ? "ok" : "nodes and pods have not been listed yet", context)
      }
    case (.GET, "/metrics"):
      return later(context) { [service] in
        await service.ageNow()
      } then: { handler, age, context in
        handler.service.metrics.set("tracemill_view_age_seconds", age)
        handler.respond(
          .ok, handler.service.metrics.text, context, type: "text/plain; version=0.0.4")
      }
    default: break
    }
    if let token = settings.token,
      head.headers.first(name: "authorization") != "Bearer \(token)"
    {
      return respond(.unauthorized, "a bearer token is needed", context)
    }
    guard head.method == .POST else {
      return respond(.methodNotAllowed, "POST is needed", context)
    }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    if name == "bind", let bind { return answerBinding(bind, context) }
    guard servesVerbs, let verb = ExtenderService.Verb(rawValue: name) else {
      return respond(
        .notFound, "'\(name.prefix(60))' is none of filter, prioritize, preempt, bind", context)
    }
    do {
      respond(.ok, try service.answer(verb, body), context)
    } catch {
      logger.warning("\(name): refused: \(error)")
      respond(.badRequest, "\(error)", context)
    }
  }

  private func answerBinding(
    _ bind: @escaping @Sendable (ExtenderBinding) async -> String, _ context: ChannelHandlerContext
  ) {
    let call: ExtenderBinding
    do { call = try ExtenderBinding(body) } catch {
      return respond(.badRequest, "bind: \(error)", context)
    }
    later(context) {
      await bind(call)
    } then: { handler, problem, context in
      var text: [UInt8] = []
      text.append(json: "{\"Error\":")
      text.append(jsonString: problem)
      text.append(UInt8(ascii: "}"))
      handler.respond(.ok, text, context)
    }
  }

  /// Does something that takes a while, and comes back to the connection's event loop.
  private func later<Value: Sendable>(
    _ context: ChannelHandlerContext, _ body: @escaping @Sendable () async -> Value,
    then: @escaping @Sendable (ExtenderHandler, Value, ChannelHandlerContext) -> Void
  ) {
    let loop = context.eventLoop
    let promise = loop.makePromise(of: Value.self)
    promise.completeWithTask { await body() }
    let bound = NIOLoopBound((self, context), eventLoop: loop)
    promise.futureResult.whenSuccess { value in
      let (handler, context) = bound.value
      then(handler, value, context)
    }
  }

  private func refuse(
    _ status: HTTPResponseStatus, _ words: String, _ context: ChannelHandlerContext
  ) {
    head = nil
    body = []
    respond(status, words, context)
    context.close(promise: nil)
  }

  private func respond(
    _ status: HTTPResponseStatus, _ text: String, _ context: ChannelHandlerContext,
    type: String = "text/plain; charset=utf-8"
  ) {
    respond(status, Array(text.utf8), context, type: type)
  }

  private func respond(
    _ status: HTTPResponseStatus, _ bytes: [UInt8], _ context: ChannelHandlerContext,
    type: String = "application/json"
  ) {
    let headers = HTTPHeaders([("Content-Type", type), ("Content-Length", String(bytes.count))])
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    let buffer = context.channel.allocator.buffer(bytes: bytes)
    context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
