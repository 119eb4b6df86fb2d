import ArgumentParser
import Foundation
import KubeClient
import KubeRecording
import Logging
import Synchronization

/// `tracemill-kube record`.
struct RecordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record what happens in a cluster, as a trace that tracemill reads.",
    discussion: """
      Lists and watches nodes, pods and events until it is stopped (or for --duration), and appends to \
      FOLDER/pods.jsonl and FOLDER/nodes.jsonl. Started again on the same folder it goes on. Namespaces, which stand \
      for users, are replaced by salted hashes; the salt lies beside the folder, in FOLDER.salt.

      Example:
        tracemill-kube record --kubeconfig ~/.kube/config -o trace/
        tracemill simulate --workload trace/ --cluster trace/ --scheduler best-fit
      """)

  @Option(help: "A kubeconfig; without it the service account of the pod is used.")
  var kubeconfig: String?
  @Option(help: "The kubeconfig's context.") var context: String?
  @Option(name: [.short, .customLong("output")], help: "The folder.") var output: String
  @Option(help: "Seconds to record; until stopped if left out.") var duration: Double?
  @Option(help: "What names are hashed with; chance, kept beside the folder, if left out.")
  var salt: String?
  @Flag(help: "Leave out labels, affinity, tolerations, spread and taints.")
  var withoutConstraints = false
  @Option(help: "trace, debug, info, warning or error.") var logLevel = "info"

  func validate() throws {
    if let duration, !(duration > 0 && duration < 1e9) {
      throw ValidationError("--duration \(duration) is not above 0")
    }
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError("--log-level '\(logLevel)' is no level")
    }
  }

  /// Why the recording cannot go on.
  private final class Failure: Sendable {
    let words = Mutex<String?>(nil)
  }

  func run() async throws {
    var logger = Logger(label: "tracemill-kube", factory: { _ in JSONLogHandler() })
    logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
    let access =
      try kubeconfig.map { try APIAccess(kubeconfig: $0, context: context) } ?? .inCluster()
    var settings = Recorder.Settings()
    settings.keepsConstraints = !withoutConstraints
    settings.salt = salt
    let recorder = try Recorder(output, settings: settings, logger: logger)
    let client = APIClient(access, connections: 4)
    let failure = Failure()
    let log = logger
    /// A folder that cannot be written to ends the recording: nothing is left out in silence.
    let folder = output
    let attempt: @Sendable (@Sendable () async throws -> Void) async -> Void = { body in
      do { try await body() } catch {
        let words = "\(folder): \(error)"
        failure.words.withLock { $0 = words }
        log.error("\(words)")
        raise(SIGTERM)
      }
    }
    let tasks = [
      Task {
        await Watcher<RecordedNode>(client, path: "/api/v1/nodes", logger: log).run { event in
          await attempt { try await recorder.take(nodes: event) }
        }
      },
      Task {
        await Watcher<RecordedEvent>(
          client, path: "/api/v1/events", query: "fieldSelector=involvedObject.kind%3DPod",
          logger: log
        ).run { event in await recorder.take(events: event) }
      },
      Task {
        await Watcher<RecordedPod>(client, path: "/api/v1/pods", logger: log).run { event in
          await attempt { try await recorder.take(pods: event) }
        }
      },
    ]
    if let duration {
      Task {
        try? await Task.sleep(for: .seconds(duration))
        raise(SIGTERM)
      }
    }
    await Signals.wait()
    for task in tasks { task.cancel() }
    let lines = await recorder.lines
    log.info("stopped after \(lines) lines")
    if let problem = failure.words.withLock({ $0 }) { throw ValidationError(problem) }
  }
}
