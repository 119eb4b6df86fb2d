import Simulation
import Workload

/// A learned choice of machine and device: one scorer with shared weights over all that can take the task.
///
/// The score of a placement with inputs x (``inputs``) is -Σ wₖᵢ xᵢ, where k is what the task asks for: no device, a
/// part of one, or whole ones. The largest is taken.
public struct DeviceModel: WeightedModel {
  public static let identity = PolicyIdentity(
    decision: .device, format: "tracemill-device-1", observation: "device-1", cluster: "devices",
    names: ["inputs": inputs, "kinds": rows])
  public static let tensor = "device.weight"
  /// Kinds of tasks, in order.
  public static let rows = ["no device", "part of a device", "whole devices"]
  /// Inputs of a placement, in order: of the machine as it would be after it, unless said otherwise.
  public static let inputs = [
    "growth of fragmentation", "CPU left", "GPU left", "GPU left without CPU",
    "GPUs of the machine",
    "whole GPUs left", "left of the device", "was idle", "tasks for the type", "fragmentation",
    "CPU left without GPU", "memory left", "fragmented share of GPU left", "device was idle",
  ]

  /// Weights, kind by kind.
  public var parameters: [Double]

  /// A model of these weights, as many as ``parameterCount``.
  public init(parameters: [Double]) {
    precondition(parameters.count == Self.parameterCount, "parameters fit the shape")
    self.parameters = parameters
  }

  /// The least growth of fragmentation, in fractions: where training begins.
  public static var leastGrowth: DeviceModel {
    var parameters = Array(repeating: 0.0, count: parameterCount)
    for kind in rows.indices { parameters[kind * inputs.count] = 1 }
    return DeviceModel(parameters: parameters)
  }

  /// The policy by it.
  ///
  /// - Parameter name: in reports and on the command line.
  public func policy(named name: String) -> any PlacementPolicy {
    DevicePlacement(LearnedDeviceRule(self, name: name))
  }
}

/// Scores placements on devices by a learned model.
///
/// Nothing it sees is of the future: the state of a machine, what the task asks for, and how often the workload's tasks
/// ask for what. Amounts are in 128 cores, 8 GPUs and 768 GiB, so that weights of one size can be searched for.
struct LearnedDeviceRule: DeviceRule {
  typealias Row = DeviceModel.Row

  let name: String
  let weighsDevices = true
  let isExact = true
  private let weights: [Row]
  private var measure = DeviceFragmentation([])

  init(_ model: DeviceModel, name: String) {
    self.name = name
    weights = DeviceModel.rows.indices.map(model.weights)
  }

  mutating func runBegan(on cluster: borrowing Cluster) {
    measure = DeviceFragmentation(cluster.typicalTasks)
  }

  func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double {
    let before = cluster.freeDevices(machine)
    let free = cluster.free(machine)
    let type = cluster.deviceType(machine)
    let after = asked.map { before.without($0, on: taken) } ?? before
    let left = free - request
    let (old, new) = (
      measure(before, cpu: free.cpu, type: type), measure(after, cpu: left.cpu, type: type)
    )
    let gpus = cluster.freeDeviceSum(machine) - (asked?.total ?? 0)
    let cores = Float(left.cpu.value)
    let perDevice = Float(measure.coresPerDevice)
    // As many GPUs as the CPU that is left serves, at what tasks with GPUs ask for.
    let served = perDevice > 0 ? cores / perDevice * 1000 : .infinity
    let sharing = asked?.isSharing == true ? taken.rawValue.trailingZeroBitCount : -1
    let devices = cluster.deviceCount(machine)
    var x = Row.zero
    x[0] = Float(new - old) / 1000
    x[1] = cores / 128
    x[2] = Float(gpus) / 8000
    x[3] = max(0, Float(gpus) - served) / 8000
    x[4] = Float(devices) / 8
    x[5] = Float(after.count(with: 1000)) / 8
    if sharing >= 0 {
      x[6] = Float(after[sharing]) / 1000
      x[13] = before[sharing] == 1000 ? 1 : 0
    }
    x[7] = before.wrappedSum() == Int16(truncatingIfNeeded: devices * 1000) ? 1 : 0
    x[8] = Float(measure.share(ofType: type))
    x[9] = Float(new) / 8000
    x[10] = max(0, cores - perDevice * Float(gpus) / 1000) / 128
    x[11] = Float(left.memory.gibibytes) / 768
    x[12] = gpus > 0 ? Float(new) / Float(gpus) : 1
    let kind = asked == nil ? 0 : asked?.isSharing == true ? 1 : 2
    return -Double((weights[kind] * x).sum())
  }
}
