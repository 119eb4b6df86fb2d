import Foundation
import KubeClient
import KubeObjects
import Logging

/// Writes what happens to pods as lines of `pods.jsonl`, and nodes as lines of `nodes.jsonl`.
///
/// A pod's lines are one task together: one when it comes (with its requests and constraints), one when it is
/// bound, one when it ends. Memory holds the pods that live. A recording goes on where it stopped: what its
/// lines say is read again, and the pods that ended meanwhile end with outcome `lost`.
public actor Recorder {
  /// How a recording is made.
  public struct Settings: Sendable {
    /// Keep labels, affinity, tolerations and spread of pods, and labels and taints of nodes.
    public var keepsConstraints = true
    /// What names are mixed with; chance if nil.
    public var salt: String?
    /// The default settings.
    public init() {}
  }

  /// What is wrong with a folder, in one line.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  private enum Stage: Int, Comparable {
    case submitted, bound
    static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
  }
  private struct Life {
    var stage: Stage
    var job: Int64
    var index: Int64
  }

  private let folder: String
  private let settings: Settings
  private let names: Pseudonyms
  private let logger: Logger
  private let pods: FileHandle
  private let nodes: FileHandle
  private var lives: [String: Life] = [:]
  /// Nodes that are written.
  private var written: Set<String> = []
  private var evicted: Set<String> = []
  private var isFirstList: Bool
  /// Lines written since the start.
  public private(set) var lines = 0

  /// Opens a folder, new or of an earlier recording.
  ///
  /// - Throws: ``Problem``.
  public init(_ folder: String, settings: Settings, logger: Logger) throws {
    self.folder = folder
    self.settings = settings
    self.logger = logger
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let salt = try Self.salt(folder, settings.salt)
    names = Pseudonyms(salt: Array(salt.utf8))
    pods = try Self.open(folder + "/pods.jsonl")
    nodes = try Self.open(folder + "/nodes.jsonl")
    var lives: [String: Life] = [:]
    try Self.forEachLine(folder + "/pods.jsonl") { (line: Known) in
      if line.outcome != nil {
        lives[line.uid] = nil
      } else {
        lives[line.uid] = Life(
          stage: line.first_schedule_us == nil ? .submitted : .bound, job: line.job_id,
          index: line.task_index)
      }
    }
    var written: Set<String> = []
    try Self.forEachLine(folder + "/nodes.jsonl") { (line: KnownNode) in
      written.insert(line.node.name)
    }
    self.lives = lives
    self.written = written
    isFirstList = true
    if !lives.isEmpty || !written.isEmpty {
      logger.info("goes on: \(lives.count) pods live, \(written.count) nodes known")
    }
  }

  private struct Known: Decodable {
    var uid: String
    var job_id: Int64
    var task_index: Int64
    var first_schedule_us: Int64?
    var outcome: String?
  }
  private struct KnownNode: Decodable { var node: Node }

  /// The salt lies beside the recording, not in it, so that the folder can be given away without.
  private static func salt(_ folder: String, _ stated: String?) throws -> String {
    if let stated { return stated }
    let path = folder.hasSuffix("/") ? String(folder.dropLast()) + ".salt" : folder + ".salt"
    if let known = try? String(contentsOfFile: path, encoding: .utf8) { return known }
    let salt = UUID().uuidString
    guard
      FileManager.default.createFile(
        atPath: path, contents: Data(salt.utf8), attributes: [.posixPermissions: 0o600])
    else { throw Problem(description: "\(path): cannot be written") }
    return salt
  }

  /// Opens a file for appending; half a line at its end, where a recorder was killed, is cut off.
  private static func open(_ path: String) throws -> FileHandle {
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw Problem(description: "\(path): cannot be written")
      }
    }
    guard let file = FileHandle(forUpdatingAtPath: path) else {
      throw Problem(description: "\(path): cannot be written")
    }
    var end = try file.seekToEnd()
    while end > 0 {
      let start = end > 65_536 ? end - 65_536 : 0
      try file.seek(toOffset: start)
      let tail = try file.read(upToCount: Int(end - start)) ?? Data()
      if let line = tail.lastIndex(of: UInt8(ascii: "\n")) {
        end = start + UInt64(line - tail.startIndex) + 1
        break
      }
      end = start
    }
    try file.truncate(atOffset: end)
    try file.seekToEnd()
    return file
  }

  private static func forEachLine<Line: Decodable>(
    _ path: String, _ body: (Line) -> Void
  ) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { return }
    defer { try? file.close() }
    var rest = Data()
    var number = 0
    while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
      rest.append(chunk)
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        number += 1
        let line = Data(rest[rest.startIndex..<end])
        rest = Data(rest[(end + 1)...])
        guard let known = try? JSONDecoder().decode(Line.self, from: line) else {
          throw Problem(description: "\(path):\(number): is no line of a recording")
        }
        body(known)
      }
    }
  }

  private var now: Int64 { Int64(Date().timeIntervalSince1970 * 1e6) }

  /// A time that the API server wrote, in µs; its seconds are whole as a rule.
  private func time(_ text: String?) -> Int64? {
    guard let text else { return nil }
    let formatter = ISO8601DateFormatter()
    if let date = formatter.date(from: text) { return Int64(date.timeIntervalSince1970 * 1e6) }
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    return formatter.date(from: text).map { Int64($0.timeIntervalSince1970 * 1e6) }
  }

  // MARK: what the API server says

  /// Pods have changed.
  public func take(pods event: WatchEvent<RecordedPod>) throws {
    switch event {
    case .page(let pods): for pod in pods { try show(pod, isListed: true) }
    case .listed(let uids):
      for (uid, life) in lives where !uids.contains(uid) {
        try end(uid, life, isFirstList ? "lost" : "killed", at: now)
      }
      isFirstList = false
    case .shown(let pod): try show(pod, isListed: false)
    case .removed(let pod):
      try show(pod, isListed: false)
      if let life = lives[pod.pod.uid] {
        let wasEvicted = evicted.contains(pod.pod.uid)
        try end(pod.pod.uid, life, wasEvicted ? "evicted" : "killed", at: now)
      }
      evicted.remove(pod.pod.uid)
    case .alive: return
    }
  }

  /// Nodes have changed; each is written when it is first seen.
  public func take(nodes event: WatchEvent<RecordedNode>) throws {
    switch event {
    case .page(let nodes): for node in nodes { try show(node) }
    case .shown(let node): try show(node)
    case .listed, .removed, .alive: return
    }
  }

  /// Events have come.
  public func take(events event: WatchEvent<RecordedEvent>) {
    switch event {
    case .page(let events): for event in events { note(event) }
    case .shown(let event): note(event)
    default: return
    }
  }

  private func note(_ event: RecordedEvent) {
    if event.isEviction, let uid = event.involvedObject?.uid, lives[uid] != nil {
      evicted.insert(uid)
    }
  }

  private func show(_ recorded: RecordedPod, isListed: Bool) throws {
    let pod = recorded.pod
    let created = time(pod.metadata.creationTimestamp)
    if lives[pod.uid] == nil {
      // One that had ended before it was first seen is whole at once; one that ended before goes unsaid.
      if pod.isOver && !isListed { return }
      let owner = (pod.metadata.ownerReferences ?? []).first { $0.controller ?? false }
      let life = Life(
        stage: .submitted, job: Int64(names.hash(owner?.uid ?? pod.uid) >> 2),
        index: Int64(names.hash(pod.uid) >> 33))
      lives[pod.uid] = life
      try write(submission(recorded, life, at: isListed ? created ?? now : now, owner?.kind))
    }
    guard var life = lives[pod.uid] else { return }
    if life.stage < .bound, let node = pod.spec.nodeName, !node.isEmpty {
      life.stage = .bound
      lives[pod.uid] = life
      var line = self.line(pod.uid, life)
      line["first_schedule_us"] = isListed ? time(pod.status?.startTime) ?? created ?? now : now
      line["machine_id"] = machine(node)
      try write(line)
    }
    if pod.isOver {
      let last = (pod.status?.containerStatuses ?? [])
        .compactMap { time($0.state?.terminated?.finishedAt) }.max()
      let outcome =
        pod.status?.phase == "Succeeded"
        ? "finished"
        : ["Evicted", "Preempting", "Preempted"].contains(pod.status?.reason)
          ? "evicted" : "failed"
      try end(pod.uid, life, outcome, at: isListed ? last ?? now : now)
    }
  }

  private func line(_ uid: String, _ life: Life) -> [String: Any] {
    ["uid": uid, "job_id": life.job, "task_index": life.index]
  }

  private func end(_ uid: String, _ life: Life, _ outcome: String, at time: Int64) throws {
    lives[uid] = nil
    var line = self.line(uid, life)
    // What was never bound did not run.
    line[life.stage == .bound ? "end_us" : "left_us"] = time
    line["outcome"] = outcome
    try write(line)
  }

  private func submission(
    _ recorded: RecordedPod, _ life: Life, at time: Int64, _ owner: String?
  ) throws -> [String: Any] {
    let pod = recorded.pod
    var line = self.line(pod.uid, life)
    let requests = pod.requests
    var limits: ResourceList = [:]
    for container in pod.spec.containers {
      limits.merge(container.resources?.limits ?? [:], uniquingKeysWith: +)
    }
    line["submit_us"] = time
    line["user"] = names.name(pod.metadata.namespace ?? "default")
    line["cpu_cores"] = Double(requests["cpu"]?.milli ?? 0) / 1000
    line["memory_bytes"] = requests["memory"]?.units ?? 0
    line["gpu_milli"] = min(requests["nvidia.com/gpu"]?.units ?? 0, 1 << 30) * 1000
    line["limit_cpu_cores"] = limits["cpu"].map { Double($0.milli) / 1000 }
    line["limit_memory_bytes"] = limits["memory"]?.units
    line["priority"] = pod.priority
    line["priority_class_name"] = pod.spec.priorityClassName
    line["owner"] = owner
    line["scheduler"] = pod.spec.schedulerName
    line["estimate_us"] = pod.metadata.annotations?["tracemill/estimate-seconds"]
      .flatMap { Double($0) }.flatMap { $0 > 0 && $0 < 1e9 ? Int64($0 * 1e6) : nil }
    if settings.keepsConstraints { line["pod"] = try constraints(recorded) }
    return line
  }

  /// The parts of a pod that rules read, namespaces replaced.
  private func constraints(_ recorded: RecordedPod) throws -> [String: Any] {
    let object =
      try JSONSerialization.jsonObject(with: Data(recorded.bytes)) as? [String: Any] ?? [:]
    let spec = object["spec"] as? [String: Any] ?? [:]
    let keys = [
      "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priority",
      "preemptionPolicy", "overhead", "resources",
    ]
    var kept = spec.filter { keys.contains($0.key) }
    for list in ["containers", "initContainers"] {
      guard let containers = spec[list] as? [[String: Any]] else { continue }
      kept[list] = containers.enumerated().map { index, container in
        var kept = container.filter { ["resources", "ports", "restartPolicy"].contains($0.key) }
        kept["name"] = "c\(index)"
        return kept
      }
    }
    if let affinity = kept["affinity"] { kept["affinity"] = replaced(affinity) }
    var metadata: [String: Any] = [
      "name": names.name(recorded.pod.key),
      "namespace": names.name(recorded.pod.metadata.namespace ?? "default"),
    ]
    if let labels = recorded.pod.metadata.labels { metadata["labels"] = labels }
    return ["metadata": metadata, "spec": kept]
  }

  /// The same with the names of namespaces replaced.
  private func replaced(_ value: Any) -> Any {
    if let list = value as? [Any] { return list.map(replaced) }
    guard let object = value as? [String: Any] else { return value }
    return object.reduce(into: [String: Any]()) { result, member in
      if member.key == "namespaces", let list = member.value as? [String] {
        result[member.key] = list.map(names.name)
      } else {
        result[member.key] = replaced(member.value)
      }
    }
  }

  /// A node's number: 40 bits of its name's hash, so that no list of them has to be kept.
  private func machine(_ name: String) -> Int64 { Int64(names.hash("node " + name) >> 24) }

  private func show(_ recorded: RecordedNode) throws {
    let node = recorded.node
    guard written.insert(node.name).inserted else { return }
    let offered = node.allocatable
    var spec: [String: Any] = [:]
    if settings.keepsConstraints,
      let object = try JSONSerialization.jsonObject(
        with: Data(recorded.bytes)) as? [String: Any], let all = object["spec"] as? [String: Any]
    {
      spec = all.filter { ["taints", "unschedulable"].contains($0.key) }
    }
    let line: [String: Any] = [
      "machine_id": machine(node.name),
      "cpu_cores": Double(offered["cpu"]?.milli ?? 0) / 1000,
      "memory_bytes": offered["memory"]?.units ?? 0,
      "gpu_milli": min(offered["nvidia.com/gpu"]?.units ?? 0, 1 << 30) * 1000,
      "platform": node.labels["node.kubernetes.io/instance-type"] ?? "",
      "node": [
        "metadata": [
          "name": node.name, "labels": settings.keepsConstraints ? node.labels : [:],
        ] as [String: Any],
        "spec": spec,
        "status": ["allocatable": offered.mapValues { "\($0.nano)n" }],
      ] as [String: Any],
    ]
    try append(line, to: nodes)
  }

  private func write(_ line: [String: Any]) throws { try append(line, to: pods) }

  private func append(_ line: [String: Any], to file: FileHandle) throws {
    var data = try JSONSerialization.data(
      withJSONObject: line, options: [.sortedKeys, .withoutEscapingSlashes])
    data.append(UInt8(ascii: "\n"))
    try file.write(contentsOf: data)
    lines += 1
  }
}
