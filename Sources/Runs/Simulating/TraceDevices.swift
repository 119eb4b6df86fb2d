import Simulation
import Tables
import TraceParsing
import Workload

/// What the tasks of a workload ask of single GPUs, and the types of those of a cluster.
///
/// A task's `milliGPU` is what it asks for in all. Its attribute `num_gpu` says of how many GPUs, each alike; where it
/// does not, of as few as can be. Its attribute `gpu_spec` names the types that it may run on, `V100M16|V100M32`;
/// without it, any. A machine's platform is the type of its GPUs.
struct TraceDevices {
  /// For the simulator.
  private(set) var table = DeviceTable()

  /// All tasks are read beforehand: what they ask for is known of none before, and the measures of fragmentation
  /// go by how often what is asked for.
  ///
  /// - Parameters:
  ///   - tasks: all tasks of the run.
  ///   - attributes: what is said of them beside.
  ///   - names: of the attributes' symbols.
  ///   - layout: the machines.
  /// - Throws: ``RunError`` for more types than can be told apart, or a `num_gpu` that is no number of GPUs.
  init(
    _ tasks: [TaskRecord], _ attributes: TaskAttributes, _ names: [String],
    on layout: ClusterLayout
  ) throws {
    var types: [String: UInt64] = [:]
    for machine in layout.machines where machine.capacity.milliGPU > 0 {
      let place = Int(machine.platform)
      guard layout.platforms.indices.contains(place), !layout.platforms[place].isEmpty else {
        continue
      }
      table.setType(try Self.type(layout.platforms[place], &table), ofMachine: machine.number)
    }
    func column(_ name: String) -> Int? { attributes.columns.firstIndex { $0.name == name } }
    // A column of which one value is no number holds names.
    func text(_ column: Int?, of task: TaskRecord) -> String? {
      guard let column, let value = attributes.value(column: column, of: task.id) else {
        return nil
      }
      return attributes.columns[column].kind == .symbol ? names[Int(value)] : decimal(value)
    }
    let (counts, specs) = (column("num_gpu"), column("gpu_spec"))
    for task in tasks {
      var count: Int64?
      if let counts, let value = attributes.value(column: counts, of: task.id) {
        let isNumber = attributes.columns[counts].kind == .number
        count = isNumber ? Self.count(value) : nil
        if count == nil { count = try Self.count(text(counts, of: task) ?? "", of: task.id) }
      }
      var allowed: UInt64 = 0
      if let text = text(specs, of: task) {
        if let known = types[text] {
          allowed = known
        } else {
          for name in text.split(whereSeparator: { "|, ".contains($0) }) {
            allowed |= 1 << UInt64(try Self.type(String(name), &table))
          }
          types[text] = allowed
        }
      }
      table.note(
        task.id, cpu: task.request.cpu,
        devices: DeviceRequest(
          milliGPU: task.request.milliGPU, devices: count, types: allowed))
    }
  }

  private static func count(_ value: Double) -> Int64? {
    Int64(exactly: value).flatMap { (0...1000).contains($0) ? $0 : nil }
  }

  private static func count(_ text: String, of task: TaskID) throws -> Int64 {
    guard let count = DecimalText.number(text).flatMap(Self.count) else {
      throw RunError(
        message:
          "job \(task.job) task \(task.index): num_gpu '\(text.prefix(40))' is no whole number from 0 to 1000"
      )
    }
    return count
  }

  private static func type(_ name: String, _ table: inout DeviceTable) throws -> Int {
    guard let type = table.type(named: name) else {
      throw RunError(
        message: "more than \(DeviceTable.mostTypes) types of GPU: '\(name.prefix(40))'")
    }
    return type
  }
}

extension ReplayedTasks {
  /// All that is left of them. O(tasks) of memory.
  func all() throws -> [TaskRecord] {
    var tasks: [TaskRecord] = []
    while let task = try next() { tasks.append(task) }
    return tasks
  }
}
