import Synchronization

/// Counts and latencies, as Prometheus reads them (text format 0.0.4).
public final class Metrics: Sendable {
  /// Upper ends of the latency histogram's buckets, in seconds.
  private static let bounds = [
    0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5,
  ]

  private struct State {
    var counts: [String: Int] = [:]
    var gauges: [String: Double] = [:]
    var latencies: [String: (buckets: [Int], sum: Double)] = [:]
  }
  private let state = Mutex(State())

  /// Help texts by metric; what is not here is not printed.
  private static let help: [(name: String, kind: String, text: String)] = [
    ("tracemill_decisions_total", "counter", "Answers by verb and result."),
    ("tracemill_degraded_total", "counter", "Answers that let every node pass, by reason."),
    ("tracemill_bindings_total", "counter", "Bindings by result."),
    ("tracemill_refused_pods_total", "counter", "Pods with a constraint that is not honoured."),
    ("tracemill_preemptions_total", "counter", "Pods for which others were evicted."),
    ("tracemill_lapsed_promises_total", "counter", "Promises that the API server did not confirm."),
    ("tracemill_queue_pods", "gauge", "Pods that wait for a decision."),
    ("tracemill_nodes", "gauge", "Nodes in the view."),
    ("tracemill_pods", "gauge", "Pods on nodes in the view."),
    ("tracemill_view_age_seconds", "gauge", "Seconds since the watch last heard from the server."),
    ("tracemill_score_spread", "gauge", "Greatest less least score of the last decision, 0 to 10."),
    ("tracemill_leader", "gauge", "Whether this instance leads."),
  ]

  /// Nothing counted.
  public init() {}

  /// Adds to a counter; `labels` as `verb="filter"`.
  public func count(_ name: String, _ labels: String = "", by amount: Int = 1) {
    state.withLock { $0.counts[Self.key(name, labels), default: 0] += amount }
  }

  /// Sets a gauge.
  public func set(_ name: String, _ value: Double) {
    state.withLock { $0.gauges[name] = value }
  }

  /// Adds a latency of a verb, in seconds.
  public func took(_ verb: String, _ seconds: Double) {
    state.withLock { state in
      var entry =
        state.latencies[verb] ?? ([Int](repeating: 0, count: Self.bounds.count + 1), 0)
      entry.buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
      entry.sum += seconds
      state.latencies[verb] = entry
    }
  }

  private static func key(_ name: String, _ labels: String) -> String {
    labels.isEmpty ? name : "\(name){\(labels)}"
  }

  /// The page.
  public var text: String {
    state.withLock { state in
      var text = ""
      for (name, kind, words) in Self.help {
        text += "# HELP \(name) \(words)\n# TYPE \(name) \(kind)\n"
        let values =
          kind == "gauge"
          ? state.gauges.filter { $0.key == name }.map { ($0.key, "\($0.value)") }
          : state.counts.filter { $0.key == name || $0.key.hasPrefix(name + "{") }
            .map { ($0.key, String($0.value)) }
        for (key, value) in values.sorted(by: { $0.0 < $1.0 }) { text += "\(key) \(value)\n" }
      }
      let name = "tracemill_decision_seconds"
      text += "# HELP \(name) Time to an answer, by verb.\n# TYPE \(name) histogram\n"
      for (verb, entry) in state.latencies.sorted(by: { $0.key < $1.key }) {
        var total = 0
        for (index, count) in entry.buckets.enumerated() {
          total += count
          let bound = index < Self.bounds.count ? "\(Self.bounds[index])" : "+Inf"
          text += "\(name)_bucket{verb=\"\(verb)\",le=\"\(bound)\"} \(total)\n"
        }
        text += "\(name)_sum{verb=\"\(verb)\"} \(entry.sum)\n"
        text += "\(name)_count{verb=\"\(verb)\"} \(total)\n"
      }
      return text
    }
  }
}
