import Configuration
import Simulation
import Workload

/// Delays of the network as files and the command line say them: a time for every placement, or a model
/// in full. What is nil is nothing: no latency, any bandwidth, one rack.
public struct NetworkSettings: Codable, Hashable, Sendable {
  /// One delay for every placement and transfer, in seconds; the others are then nil.
  public var constant: Double?
  /// From the scheduler to any machine, in seconds.
  public var dispatch: Double?
  /// Machines a rack.
  public var rack: Int?
  /// Racks a cluster.
  public var racks: Int?
  /// Latency within a rack, in seconds.
  public var rackLatency: Double?
  /// Latency between racks of a cluster, in seconds.
  public var clusterLatency: Double?
  /// Latency between clusters, in seconds.
  public var siteLatency: Double?
  /// Bandwidth within a rack, in bytes a second.
  public var rackBandwidth: Double?
  /// Bandwidth between racks of a cluster, in bytes a second.
  public var clusterBandwidth: Double?
  /// Bandwidth between clusters, in bytes a second.
  public var siteBandwidth: Double?
  /// Bytes that every task fetches from storage before it runs.
  public var `in`: Double?
  /// Bytes that every task carries to storage when it has run.
  public var out: Double?
  /// Whether what predecessors hand over is sent as soon as it is ready (`data=pushed`), and not fetched
  /// when the task has its machine.
  public var pushesData: Bool?

  /// No delays.
  public init() {}

  /// The keys of a model in full on the command line.
  public static let keys =
    "dispatch=,rack=,racks=,{rack,cluster,site}-latency=,{rack,cluster,site}-bandwidth=,in=,out=,data=fetched|pushed"

  private typealias Numbers = [(String, WritableKeyPath<Self, Double?>)]
  private static var times: Numbers {
    [
      ("dispatch", \.dispatch), ("rackLatency", \.rackLatency),
      ("clusterLatency", \.clusterLatency), ("siteLatency", \.siteLatency),
    ]
  }
  private static var bandwidths: Numbers {
    [
      ("rackBandwidth", \.rackBandwidth), ("clusterBandwidth", \.clusterBandwidth),
      ("siteBandwidth", \.siteBandwidth),
    ]
  }
  private static var sizes: Numbers { [("in", \.in), ("out", \.out)] }
  private static var counts: [(String, WritableKeyPath<Self, Int?>)] {
    [("rack", \.rack), ("racks", \.racks)]
  }

  /// What `text` says: a time such as `1ms`, or `dispatch=1ms,rack=40,rack-latency=50us,...`; nil if it
  /// is neither, or a value is out of range.
  public init?(_ text: String) {
    if let seconds = TimeText.seconds(text) {
      constant = seconds
      if !issues.isEmpty { return nil }
      return
    }
    var seen: Set<Substring> = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = item.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, seen.insert(pair[0]).inserted,
        set(Self.camelCase(pair[0]), to: String(pair[1]))
      else { return nil }
    }
    if !issues.isEmpty { return nil }
  }

  /// `rackLatency` for `rack-latency`.
  private static func camelCase(_ key: Substring) -> String {
    let words = key.split(separator: "-")
    return words.dropFirst().reduce(String(words.first ?? "")) {
      $0 + $1.prefix(1).uppercased() + $1.dropFirst()
    }
  }

  private mutating func set(_ key: String, to text: String) -> Bool {
    func place(_ keys: Numbers) -> WritableKeyPath<Self, Double?>? { keys.first { $0.0 == key }?.1 }
    if let place = place(Self.times), let seconds = TimeText.seconds(text) {
      self[keyPath: place] = seconds
    } else if let place = place(Self.bandwidths + Self.sizes), let number = DecimalText.number(text)
    {
      self[keyPath: place] = number
    } else if key == "data", ["fetched", "pushed"].contains(text) {
      pushesData = text == "pushed"
    } else if let place = Self.counts.first(where: { $0.0 == key })?.1, let count = Int(text) {
      self[keyPath: place] = count
    } else {
      return false
    }
    return true
  }

  /// What a file says: a time, the command line's text, or keys with values; nil if it is none of them.
  init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let text = node.string() else { return nil }
      guard let settings = Self(text) else {
        node.problem("is '\(text)'; expected a time, or keys such as dispatch, rack, rackLatency")
        return nil
      }
      self = settings
      return
    }
    for (key, place) in Self.times { self[keyPath: place] = node.seconds(key, in: .any) }
    for (key, place) in Self.bandwidths + Self.sizes { self[keyPath: place] = node.number(key) }
    pushesData = node.choice("data", of: ["fetched", "pushed"]).map { $0 == "pushed" }
    for (key, place) in Self.counts {
      self[keyPath: place] = node.integer(key, in: .min ... .max)
    }
  }

  /// What is out of range.
  var issues: [DescriptionIssue] {
    let time = NumberRange.from(0, to: 1e9)
    var issues = [time.issue("", constant)]
    issues += Self.times.map { time.issue($0.0, self[keyPath: $0.1]) }
    issues += Self.bandwidths.map { key, place in
      // Without bound is what it is without the key.
      self[keyPath: place] == .infinity
        ? nil : NumberRange.positive.issue(key, self[keyPath: place])
    }
    issues += Self.sizes.map { NumberRange.from(0, to: 1e18).issue($0.0, self[keyPath: $0.1]) }
    issues += Self.counts.map {
      NumberRange.from(1).issue($0.0, self[keyPath: $0.1].map(Double.init))
    }
    return issues.compactMap(\.self)
  }

  /// The engine's own; values are in range.
  var model: NetworkModel {
    if let constant { return NetworkModel(constant: Microseconds(seconds: constant)) }
    func level(_ latency: Double?, _ bandwidth: Double?) -> NetworkModel.Level {
      .init(latency: Microseconds(seconds: latency ?? 0), bandwidth: bandwidth ?? .infinity)
    }
    var model = NetworkModel(
      dispatch: Microseconds(seconds: dispatch ?? 0), machinesPerRack: rack ?? .max,
      racksPerCluster: racks ?? .max, rack: level(rackLatency, rackBandwidth),
      cluster: level(clusterLatency, clusterBandwidth), site: level(siteLatency, siteBandwidth))
    model.input = Bytes(rounding: `in` ?? 0)
    model.output = Bytes(rounding: out ?? 0)
    model.pushesData = pushesData ?? false
    return model
  }
}

/// Random failures of machines, as files and the command line say them.
public struct FailureSettings: Codable, Hashable, Sendable {
  /// Shape of the Weibull law of times to failure (> 0).
  public var shape: Double
  /// Its scale in seconds (> 0).
  public var scale: Double
  /// Mean time to repair in seconds.
  public var repair: Double

  /// Failures of such times.
  public init(shape: Double, scale: Double, repair: Double) {
    self.shape = shape
    self.scale = scale
    self.repair = repair
  }

  /// What `shape,scale,repair` says, such as `0.7,30d,1h`; nil if it is none, or out of range.
  public init?(_ text: String) {
    let parts = text.split(separator: ",").map(String.init)
    guard parts.count == 3, let shape = Double(parts[0]), let scale = TimeText.seconds(parts[1]),
      let repair = TimeText.seconds(parts[2])
    else { return nil }
    self.init(shape: shape, scale: scale, repair: repair)
    if !issues.isEmpty { return nil }
  }

  /// What a file says: the command line's text, or keys with values; nil if it is neither.
  init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let text = node.string() else { return nil }
      guard let settings = Self(text) else {
        node.problem("is '\(text)'; expected shape, scale and mean repair, such as 0.7,30d,1h")
        return nil
      }
      self = settings
      return
    }
    let shape = node.number("shape", required: true)
    let scale = node.seconds("scale", in: .any, required: true)
    let repair = node.seconds("repair", in: .any, required: true)
    guard let shape, let scale, let repair else { return nil }
    self.init(shape: shape, scale: scale, repair: repair)
  }

  /// What is out of range.
  var issues: [DescriptionIssue] {
    [
      NumberRange.from(0.01, to: 100).issue("shape", shape),
      // The clock counts microseconds: less than one is nothing.
      NumberRange.from(1e-6, to: Ranges.seconds.upperBound).issue("scale", scale),
      NumberRange.from(0, to: Ranges.seconds.upperBound).issue("repair", repair),
    ].compactMap(\.self)
  }

  /// The engine's own; values are in range.
  var model: SimulationOptions.FailureModel {
    .init(
      shape: shape, scale: Microseconds(seconds: scale), meanRepair: Microseconds(seconds: repair))
  }
}
