import Foundation
import KubeObjects
import KubeRules
import Simulation
import Workload

/// Pods and nodes of a recording of a Kubernetes cluster, by task and machine: what trace records have no
/// columns for.
///
/// A recording is a folder with `pods.jsonl` and `nodes.jsonl` (docs/kubernetes.md). Equal shapes are kept once.
struct KubernetesObjects: Sendable {
  private var shapes: [PodShape] = []
  private var numbers: [PodShape: Int32] = [:]
  private var shapeOf: [TaskID: Int32] = [:]
  private var nodes: [Int64: Node] = [:]

  /// Nothing is known.
  init() {}

  /// What the recordings among a workload and a cluster say.
  init(workload: String, cluster: String) throws {
    let pods = workload + "/pods.jsonl"
    if FileManager.default.fileExists(atPath: pods) {
      try Self.lines(pods) { (line: PodLine) in
        guard let pod = line.pod else { return }
        let shape = PodShape(pod)
        let number = numbers[shape] ?? Int32(shapes.count)
        if Int(number) == shapes.count {
          shapes.append(shape)
          numbers[shape] = number
        }
        shapeOf[TaskID(job: line.job_id, index: line.task_index)] = number
      }
    }
    let nodes = cluster + "/nodes.jsonl"
    if FileManager.default.fileExists(atPath: nodes) {
      try Self.lines(nodes) { (line: NodeLine) in self.nodes[line.machine_id] = line.node }
    }
  }

  private struct PodLine: Decodable {
    var job_id: Int64
    var task_index: Int32
    var pod: Pod?
  }
  private struct NodeLine: Decodable {
    var machine_id: Int64
    var node: Node
  }

  private static func lines<Line: Decodable>(_ path: String, _ take: (Line) -> Void) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw RunError(message: "\(path): cannot be read")
    }
    defer { try? file.close() }
    var rest = Data()
    var number = 0
    let decoder = JSONDecoder()
    func read(_ line: Data) throws {
      number += 1
      guard !line.isEmpty else { return }
      do { take(try decoder.decode(Line.self, from: line)) } catch {
        throw RunError(message: "\(path):\(number): is no line of a recording")
      }
    }
    while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
      rest.append(chunk)
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        try read(Data(rest[rest.startIndex..<end]))
        rest = Data(rest[(end + 1)...])
      }
    }
    // A last line without an end is one that a recorder was killed in.
  }

  /// The node of a machine's number; nil if nothing is known of it.
  func node(_ machine: Int64) -> Node? { nodes[machine] }

  /// The shape of a task: its pod's, or what it asks for alone.
  func shape(of task: TaskView) -> PodShape {
    if let number = shapeOf[task.id] { return shapes[Int(number)] }
    return PodShape(requests: Self.amounts(task.request), priority: Int32(max(task.priority, 0)))
  }

  /// Amounts as Kubernetes has them. GPUs are the engine's to count.
  static func amounts(_ resources: Resources) -> ResourceList {
    var list: ResourceList = [
      "cpu": Quantity(nano: Int128(resources.cpu.nano)),
      "memory": Quantity(nano: Int128(resources.memory.rawValue) * 1_000_000_000),
    ]
    if resources.disk != .zero {
      list["ephemeral-storage"] = Quantity(nano: Int128(resources.disk.rawValue) * 1_000_000_000)
    }
    return list
  }

  /// The same back.
  static func resources(_ list: ResourceList) -> Resources {
    Resources(
      cpu: Cores(nano: list["cpu"]?.clampedNano ?? 0),
      memory: Bytes(list["memory"]?.units ?? 0), disk: Bytes(list["ephemeral-storage"]?.units ?? 0))
  }

  /// Whether a resource is one that records have no column for, or one in other units.
  static func isExtra(_ name: String) -> Bool {
    !["cpu", "memory", "ephemeral-storage"].contains(name)
  }
}
