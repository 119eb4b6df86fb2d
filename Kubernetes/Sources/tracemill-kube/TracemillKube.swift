import ArgumentParser
import Foundation
import KubeClient
import KubeExtender
import KubeObjects
import KubeRules
import KubeScheduler
import KubeServer
import Logging

/// The command line of the service.
@main
struct TracemillKube: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tracemill-kube",
    abstract: "Tracemill's policies decide in a Kubernetes cluster.",
    discussion: """
      Examples:
        tracemill-kube extender --kubeconfig ~/.kube/config --policy best-fit
        tracemill-kube scheduler --policy least-loaded --leader-elect
      """,
    subcommands: [
      ExtenderCommand.self, SchedulerCommand.self, RecordCommand.self, ReplayCommand.self,
      ExplainCommand.self, MeasureCommand.self, FuzzCommand.self,
    ])
}

/// What both commands need.
struct ServiceOptions: ParsableArguments {
  @Option(help: "A kubeconfig; without it the service account of the pod is used.")
  var kubeconfig: String?

  @Option(help: "The kubeconfig's context.")
  var context: String?

  @Option(help: "A policy of Tracemill's catalogue, or marl:FILE.")
  var policy = "best-fit"

  @Option(help: "Seeds the policies that draw.")
  var seed: UInt64 = 1

  @Option(help: "Address and port to serve on; the loopback unless said otherwise.")
  var listen = "127.0.0.1:8888"

  @Option(help: "trace, debug, info, warning or error.")
  var logLevel = "info"

  @Option(help: "The server's certificate chain, PEM; with --tls-private-key-file.")
  var tlsCertFile: String?

  @Option(help: "The server's private key, PEM.")
  var tlsPrivateKeyFile: String?

  @Option(help: "A file with a token that callers must bear.")
  var tokenFile: String?

  func validate() throws {
    guard (tlsCertFile == nil) == (tlsPrivateKeyFile == nil) else {
      throw ValidationError("--tls-cert-file and --tls-private-key-file go together")
    }
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError("--log-level '\(logLevel)' is no level")
    }
    _ = try place()
  }

  func place() throws -> (host: String, port: Int) {
    guard let colon = listen.lastIndex(of: ":"),
      let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw ValidationError("--listen '\(listen)' is no ADDRESS:PORT") }
    let host = listen[..<colon].trimmingCharacters(in: ["[", "]"])
    return (host.isEmpty ? "0.0.0.0" : host, port)
  }

  /// One JSON object a line on standard error.
  var logger: Logger {
    var logger = Logger(label: "tracemill-kube", factory: { _ in JSONLogHandler() })
    logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
    return logger
  }

  func access() throws -> APIAccess {
    if let kubeconfig { return try APIAccess(kubeconfig: kubeconfig, context: context) }
    return try APIAccess.inCluster()
  }

  func server() throws -> ExtenderServer.Settings {
    var settings = ExtenderServer.Settings()
    (settings.host, settings.port) = try place()
    if let tlsCertFile, let tlsPrivateKeyFile {
      settings.tls = try ServerTLS.context(certificate: tlsCertFile, key: tlsPrivateKeyFile)
    }
    if let tokenFile {
      settings.token = try String(contentsOfFile: tokenFile, encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      guard settings.token?.isEmpty == false else {
        throw ValidationError("--token-file '\(tokenFile)' is empty")
      }
    }
    return settings
  }
}

/// `tracemill-kube extender`.
struct ExtenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extender",
    abstract: "Answer kube-scheduler: filter, prioritize, preempt, bind.",
    discussion: """
      Configure kube-scheduler with nodeCacheCapable: true. With false, kube-scheduler 1.36 takes every node
      that an extender returns for empty (kubernetes issue 141781).
      """)

  @OptionGroup var options: ServiceOptions

  @Flag(
    help: "Watch nothing: the nodes of each request are the whole view (nodeCacheCapable: false).")
  var stateless = false

  @Flag(
    help:
      "Answer filter with the policy's node alone: one call a pod, and kube-scheduler's own scores do not count."
  )
  var decideInFilter = false

  @Flag(help: "Serve the verb bind; needs the right to create pods/binding.")
  var bind = false

  func run() async throws {
    let logger = options.logger
    let metrics = Metrics()
    let scorer = try PolicyScorer(options.policy, seed: options.seed)
    var settings = ExtenderService.Settings()
    settings.isStateless = stateless
    settings.decidesInFilter = decideInFilter
    let service = ExtenderService(scorer: scorer, metrics: metrics, settings: settings)
    let client = stateless && !bind ? nil : APIClient(try options.access())
    let binder = bind ? client.map { Self.binder($0, metrics) } : nil
    let server = ExtenderServer(
      service, settings: try options.server(), logger: logger, bind: binder)
    let channel = try await server.start()
    logger.info(
      "\(scorer.name) serves at \(channel.localAddress.map { "\($0)" } ?? options.listen)")
    if let client, !stateless { watch(client, service, logger) }
    await Signals.wait()
    logger.info("stopping")
    try? await channel.close()
  }

  /// Creates bindings; says what went wrong, nothing if nothing did.
  private static func binder(
    _ client: APIClient, _ metrics: Metrics
  ) -> @Sendable (ExtenderBinding) async -> String {
    { call in
      let binding = Binding(
        name: call.podName, namespace: call.podNamespace, uid: call.podUID, node: call.node)
      let problem = await binding.post(client)
      let result = problem == nil ? "bound" : "failed"
      metrics.count("tracemill_bindings_total", "result=\"\(result)\"")
      return problem?.description ?? ""
    }
  }

  private func watch(_ client: APIClient, _ service: ExtenderService, _ logger: Logger) {
    let nodes = Watcher<Node>(client, path: "/api/v1/nodes", logger: logger)
    let pods = Watcher<Pod>(client, path: "/api/v1/pods", logger: logger)
    Task {
      await nodes.run { event in
        service.update(nodes: { $0.apply(event) }, isPart: event.isPage)
      }
    }
    Task {
      await pods.run { event in service.update(pods: { $0.apply(event) }, isPart: event.isPage) }
    }
  }
}

extension ClusterView {
  /// Applies what a watch of nodes tells.
  fileprivate mutating func apply(_ event: WatchEvent<Node>) {
    switch event {
    case .page(let nodes): for node in nodes { show(node) }
    case .listed(let identities):
      keepOnly(nodes: identities)
    case .shown(let node): show(node)
    case .removed(let node): removeNode(node.name)
    case .alive: break
    }
  }

  /// Applies what a watch of pods tells.
  fileprivate mutating func apply(_ event: WatchEvent<Pod>) {
    switch event {
    case .page(let pods): for pod in pods { show(pod) }
    case .listed(let identities):
      keepOnly(pods: identities)
    case .shown(let pod): show(pod)
    case .removed(let pod): removePod(pod.uid)
    case .alive: break
    }
  }
}

/// `tracemill-kube scheduler`.
struct SchedulerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scheduler",
    abstract: "Schedule the pods whose schedulerName is tracemill.")

  @OptionGroup var options: ServiceOptions

  @Option(help: "Pods of this schedulerName are taken.")
  var schedulerName = "tracemill"

  @Option(help: "Bindings at a time.")
  var bindings = 16

  @Flag(help: "Evict pods of lesser priority for those that fit nowhere.")
  var preempt = false

  @Option(help: "Waiting pods that a policy which chooses among them sees at once.")
  var batch = 64

  @Flag(help: "Of several instances one decides, by a Lease.")
  var leaderElect = false

  @Option(help: "The Lease's namespace.")
  var leaseNamespace = "kube-system"

  @Option(help: "What tells this instance from others; host name and process by default.")
  var identity: String?

  func validate() throws {
    guard (1...256).contains(bindings) else {
      throw ValidationError("--bindings \(bindings) is not from 1 to 256")
    }
    guard (1...10_000).contains(batch) else {
      throw ValidationError("--batch \(batch) is not from 1 to 10000")
    }
  }

  func run() async throws {
    let logger = options.logger
    let metrics = Metrics()
    let client = APIClient(try options.access(), connections: bindings + 4)
    var settings = PodScheduler.Settings()
    settings.name = schedulerName
    settings.bindings = bindings
    settings.batch = batch
    settings.preempts = preempt
    let scheduler = PodScheduler(
      client, scorer: try PolicyScorer(options.policy, seed: options.seed), settings: settings,
      metrics: metrics, logger: logger)
    let nodes = Watcher<Node>(client, path: "/api/v1/nodes", logger: logger)
    let pods = Watcher<Pod>(client, path: "/api/v1/pods", logger: logger)
    Task { await nodes.run { await scheduler.take(nodes: $0) } }
    Task { await pods.run { await scheduler.take(pods: $0) } }
    var electing: Task<Void, Never>?
    if leaderElect {
      let identity =
        identity
        ?? "\(ProcessInfo.processInfo.hostName)_\(ProcessInfo.processInfo.processIdentifier)"
      let election = LeaderElection(
        client, namespace: leaseNamespace, name: schedulerName, identity: identity, logger: logger)
      electing = Task { await election.run { await scheduler.lead($0) } }
    } else {
      await scheduler.lead(true)
    }
    // Health and metrics; the extender's verbs are answered as if it were not there.
    let service = ExtenderService(
      scorer: try PolicyScorer(options.policy, seed: options.seed), metrics: metrics,
      readiness: { await scheduler.isReady }, viewAge: { await scheduler.age })
    let channel = try await ExtenderServer(
      service, settings: try options.server(), logger: logger, servesVerbs: false
    ).start()
    logger.info("scheduler \(schedulerName) by \(options.policy)")
    await Signals.wait()
    logger.info("stopping")
    electing?.cancel()
    await electing?.value
    await scheduler.lead(false)
    try? await channel.close()
  }
}
