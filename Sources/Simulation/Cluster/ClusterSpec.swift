import Workload

/// A cluster as a person writes it down: groups of like machines.
///
/// A pure value; the executable decodes it from YAML or JSON:
/// ```yaml
/// groups:
///   - { name: high, count: 20, cores: [24, 32], memoryGiB: [96, 128], speed: 1.5 }
///   - { name: low, count: 80, cores: 4, memoryGiB: 16 }
/// ```
public struct ClusterSpec: Codable, Hashable, Sendable {
  /// The groups; machines are numbered through them from 0.
  public var groups: [MachineGroup]

  /// A cluster of these groups.
  public init(groups: [MachineGroup]) { self.groups = groups }

  /// The most machines a specification may ask for.
  public static var machineLimit: Int { Ranges.machines.upperBound }

  /// The cluster of the original study at any size: 20 % high tier (24-32 cores, 96-128 GiB, 150-200 W
  /// idle, 200-300 W dynamic), 50 % medium (8-16, 32-64, 50-80, 60-120), 30 % low (2-8, 8-32, 15-30,
  /// 20-50), uniform within a tier. Rounding leaves its rest to
  /// the low tier.
  public static func studyTiers(machines: Int) -> ClusterSpec {
    let high = machines / 5
    let medium = machines / 2
    return ClusterSpec(groups: [
      MachineGroup(
        name: "high", count: high, cores: 24...32, memoryGiB: 96...128, idleWatts: 150...200,
        dynamicWatts: 200...300),
      MachineGroup(
        name: "medium", count: medium, cores: 8...16, memoryGiB: 32...64, idleWatts: 50...80,
        dynamicWatts: 60...120),
      MachineGroup(
        name: "low", count: machines - high - medium, cores: 2...8, memoryGiB: 8...32,
        idleWatts: 15...30, dynamicWatts: 20...50),
    ])
  }

  /// ``studyTiers(machines:)`` with what makes a scheduler matter: speeds 1.5, 1.0 and 0.6, and sleep
  /// after a minute at a twentieth of the idle power, 2 s to wake.
  public static func studyTiersWithSpeeds(machines: Int) -> ClusterSpec {
    var spec = studyTiers(machines: machines)
    for (index, speed) in [1.5, 1.0, 0.6].enumerated() {
      spec.groups[index].speed = ValueRange(speed)
      spec.groups[index].sleepAfterSeconds = 60
      spec.groups[index].wakeSeconds = 2
      spec.groups[index].sleepWatts = spec.groups[index].idleWatts?.scaled(by: 0.05)
    }
    return spec
  }
}

/// Like machines of a ``ClusterSpec``.
public struct MachineGroup: Codable, Hashable, Sendable {
  /// What a reader calls them; no meaning.
  public var name: String?
  /// How many.
  public var count: Int
  /// Cores of each (> 0).
  public var cores: ValueRange
  /// Memory of each in GiB (≥ 0); if no group says, memory is not modelled.
  public var memoryGiB: ValueRange?
  /// Local storage of each in GiB (≥ 0); if no group says, disk is not modelled.
  public var diskGiB: ValueRange?
  /// GPUs of each (≥ 0); if no group says, GPUs are not modelled.
  public var gpus: ValueRange?
  /// The type of its GPUs, by which tasks may ask for them where GPUs are devices; none by default.
  public var gpuType: String?
  /// Speed relative to a reference core (> 0); 1 by default.
  public var speed: ValueRange?
  /// Power in watts of each when idle (≥ 0); 0 by default.
  public var idleWatts: ValueRange?
  /// Power in watts on top when all its CPU is claimed (≥ 0); 0 by default.
  public var dynamicWatts: ValueRange?
  /// Power in watts while asleep (≥ 0); 0 by default.
  public var sleepWatts: ValueRange?
  /// An empty machine falls asleep after so many seconds (≥ 0); never by default.
  public var sleepAfterSeconds: Double?
  /// Seconds to wake up (≥ 0); 0 by default.
  public var wakeSeconds: Double?
  /// Shares of the dynamic power at equal distances of utilisation from 0 to 1; a straight line by
  /// default.
  public var powerCurve: [Double]?

  /// A group of `count` machines, each drawn uniformly from the ranges.
  public init(
    name: String? = nil, count: Int, cores: ClosedRange<Double>, memoryGiB: ClosedRange<Double>,
    speed: ClosedRange<Double>? = nil, idleWatts: ClosedRange<Double>? = nil,
    dynamicWatts: ClosedRange<Double>? = nil
  ) {
    self.name = name
    self.count = count
    self.cores = ValueRange(cores)
    self.memoryGiB = ValueRange(memoryGiB)
    self.speed = speed.map(ValueRange.init)
    self.idleWatts = idleWatts.map(ValueRange.init)
    self.dynamicWatts = dynamicWatts.map(ValueRange.init)
  }
}

extension MachineGroup {
  /// Whether any of its figures is drawn from a range.
  public var isDrawn: Bool {
    [cores, memoryGiB, diskGiB, gpus, speed, idleWatts, dynamicWatts, sleepWatts]
      .contains { $0.map { $0.low != $0.high } ?? false }
  }
}

/// A number, or a range to draw one from uniformly: `4` or `[2, 8]` in a file.
public struct ValueRange: Codable, Hashable, Sendable {
  /// The least.
  public var low: Double
  /// The greatest.
  public var high: Double

  /// From `low` to `high`; ``ClusterSpec/issues()`` says if they are the wrong way round.
  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// A range.
  public init(_ range: ClosedRange<Double>) {
    self.init(low: range.lowerBound, high: range.upperBound)
  }

  /// A single value.
  public init(_ value: Double) { self.init(low: value, high: value) }

  public init(from decoder: any Decoder) throws {
    if let single = try? decoder.singleValueContainer().decode(Double.self) {
      self.init(low: single, high: single)
      return
    }
    let pair: [Double]
    do {
      pair = try decoder.singleValueContainer().decode([Double].self)
    } catch {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected a number or a pair of numbers [least, greatest]"))
    }
    guard pair.count == 2 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected two numbers [least, greatest], found \(pair.count)"))
    }
    self.init(low: pair[0], high: pair[1])
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if low == high { try container.encode(low) } else { try container.encode([low, high]) }
  }

  /// Both ends times `factor`.
  func scaled(by factor: Double) -> ValueRange {
    ValueRange(low: low * factor, high: high * factor)
  }

  /// A value drawn uniformly; no draw is spent on a single value.
  func draw(using rng: inout RandomStream) -> Double {
    low == high ? low : low + (high - low) * rng.uniform()
  }
}
