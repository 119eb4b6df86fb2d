import Workload

extension ClusterSpec {
  /// Everything that is wrong with it; empty if nothing is.
  public func issues() -> [DescriptionIssue] {
    var issues: [DescriptionIssue] = []
    var total = 0
    if groups.isEmpty {
      issues.append(
        DescriptionIssue(path: "groups", message: "is empty; expected at least one group"))
    }
    for (index, group) in groups.enumerated() {
      let path = "groups[\(index)]"
      if group.count < 0 || group.count > Self.machineLimit {
        issues.append(
          DescriptionIssue(
            path: "\(path).count",
            message: "is \(group.count); expected 0 to \(Self.machineLimit)"))
      } else {
        total += group.count
      }
      issues += group.issues(at: path)
    }
    if total > Self.machineLimit {
      issues.append(
        DescriptionIssue(path: "groups", message: "ask for more than \(Self.machineLimit) machines")
      )
    }
    return issues
  }
}

extension MachineGroup {
  /// Upper limits keep a machine within what the fixed-point units can count.
  fileprivate func issues(at path: String) -> [DescriptionIssue] {
    cores.issues(at: "\(path).cores", above: 0, most: 1e6)
      + (memoryGiB?.issues(at: "\(path).memoryGiB", least: 0, most: 1e6) ?? [])
      + (diskGiB?.issues(at: "\(path).diskGiB", least: 0, most: 1e6) ?? [])
      + (gpus?.issues(at: "\(path).gpus", least: 0, most: 1e6) ?? [])
      + (speed?.issues(at: "\(path).speed", least: 1e-6, most: 1e6) ?? [])
      + (idleWatts?.issues(at: "\(path).idleWatts", least: 0, most: 1e6) ?? [])
      + (dynamicWatts?.issues(at: "\(path).dynamicWatts", least: 0, most: 1e6) ?? [])
      + (sleepWatts?.issues(at: "\(path).sleepWatts", least: 0, most: 1e6) ?? [])
      + Self.issues(of: sleepAfterSeconds, at: "\(path).sleepAfterSeconds")
      + Self.issues(of: wakeSeconds, at: "\(path).wakeSeconds")
      + curveIssues(at: "\(path).powerCurve")
  }
}

extension MachineGroup {
  private static func issues(of seconds: Double?, at path: String) -> [DescriptionIssue] {
    seconds.map { ValueRange($0).issues(at: path, least: 0, most: 1e9) } ?? []
  }

  private func curveIssues(at path: String) -> [DescriptionIssue] {
    guard let curve = powerCurve else { return [] }
    guard curve.count >= 2 else {
      return [
        DescriptionIssue(path: path, message: "has \(curve.count) points; expected at least 2")
      ]
    }
    return curve.enumerated().flatMap { index, share in
      ValueRange(share).issues(at: "\(path)[\(index)]", least: 0, most: 10)
    }
  }

  /// The power of one machine of the group.
  fileprivate func drawPower(using rng: inout RandomStream) -> PowerModel {
    PowerModel(
      idle: Watts(idleWatts?.draw(using: &rng) ?? 0),
      dynamic: Watts(dynamicWatts?.draw(using: &rng) ?? 0),
      sleep: Watts(sleepWatts?.draw(using: &rng) ?? 0), curve: powerCurve ?? [],
      sleepAfter: sleepAfterSeconds.map(Microseconds.init(seconds:)) ?? .never,
      wakeDelay: Microseconds(seconds: wakeSeconds ?? 0))
  }
}

extension ValueRange {
  /// Issues of a range that must lie within (`above`, `most`] or [`least`, `most`].
  func issues(
    at path: String, above: Double = -.infinity, least: Double = -.infinity, most: Double
  ) -> [DescriptionIssue] {
    var issues: [DescriptionIssue] = []
    let expected =
      above > -.infinity ? "expected more than \(above)" : "expected at least \(least)"
    for value in low == high || low.isNaN ? [low] : [low, high]
    where !(value > above && value >= least && value <= most) {
      issues.append(
        DescriptionIssue(path: path, message: "is \(value); \(expected), at most \(most)"))
    }
    if low > high {
      issues.append(
        DescriptionIssue(path: path, message: "[\(low), \(high)] is the wrong way round"))
    }
    return issues
  }
}

extension ClusterLayout {
  /// The machines of a specification. Machine `n` draws its values from its own sub-stream of
  /// `seed`, so adding a group at the end leaves the others as they are.
  ///
  /// - Throws: ``ClusterError/specification(_:)`` with every issue.
  public init(_ spec: ClusterSpec, seed: UInt64) throws(ClusterError) {
    let issues = spec.issues()
    guard issues.isEmpty else { throw .specification(issues) }
    let stream = RandomStream(seed: seed, name: "cluster")
    var machines: [MachineDescription] = []
    var platforms = [""]
    for group in spec.groups {
      let type = group.gpuType ?? ""
      let platform = platforms.firstIndex(of: type) ?? platforms.count
      if platform == platforms.count { platforms.append(type) }
      for _ in 0..<group.count {
        var rng = stream.at(UInt64(machines.count))
        let capacity = Resources(
          cpu: Cores(group.cores.draw(using: &rng)),
          memory: Bytes(gibibytes: group.memoryGiB?.draw(using: &rng) ?? 0),
          disk: Bytes(gibibytes: group.diskGiB?.draw(using: &rng) ?? 0),
          milliGPU: Int64(((group.gpus?.draw(using: &rng) ?? 0) * 1000).rounded()))
        machines.append(
          MachineDescription(
            number: Int64(machines.count), capacity: capacity,
            speed: group.speed?.draw(using: &rng) ?? 1, platform: UInt32(platform),
            power: group.drawPower(using: &rng)))
      }
    }
    try self.init(machines: machines)
    self.platforms = platforms
    if spec.groups.allSatisfy({ $0.memoryGiB == nil }) { unmodelled.insert(.memory) }
    if spec.groups.allSatisfy({ $0.diskGiB == nil }) { unmodelled.insert(.disk) }
    if spec.groups.allSatisfy({ $0.gpus == nil }) { unmodelled.insert(.gpu) }
  }
}
