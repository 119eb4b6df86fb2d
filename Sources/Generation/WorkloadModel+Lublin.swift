import CVectorMath
import Fitting
import PortableMath
import Workload

extension WorkloadModel {
  /// The model of rigid parallel jobs of Lublin and Feitelson ("The workload on parallel supercomputers: modeling the
  /// characteristics of rigid jobs", Journal of Parallel and Distributed Computing 63, 2003), with the published figures for
  /// logs that do not tell batch from interactive jobs, on a machine of 128 nodes.
  ///
  /// - Jobs are serial (0.244), of a power of two nodes (0.576) or of any number; the logarithm of the number of nodes of those
  ///   that are not serial is uniform in two stages: on 0.8 to 4.5 (0.86) or on
  ///   4.5 to 7, the logarithm of all nodes.
  /// - The logarithm of the run time has one of two gamma laws, the more seldom the first the more nodes there are; it is at
  ///   most 12.
  /// - The logarithm of the time to the next job at the busiest time of the day has a gamma law, at most 13; a cycle of
  ///   half-hours, a gamma law's over the day, makes it longer at others.
  ///
  /// The joint law of nodes and run time is drawn exactly: given which gamma law it has, a run time does not depend on
  /// the nodes.
  static let lublinFeitelson: WorkloadModel = {
    do {
      return try LublinFeitelson().model()
    } catch {
      preconditionFailure("the constants are laws: \(error)")
    }
  }()
}

/// The published constants and what follows from them.
struct LublinFeitelson {
  /// Chances of a serial job, and of one of a power of two nodes.
  let serial = 0.244
  let powerOfTwo = 0.576
  /// Ends and middle of the two stages of log₂(nodes), and the chance of the first.
  let low = 0.8
  var middle: Double { high - 2.5 }
  let high: Double
  let first = 0.86
  /// Shape and scale of the gamma laws of log(run time), and the chance of the first: slope · nodes + intercept.
  let short = (shape: 4.2, scale: 0.94)
  let long = (shape: 312.0, scale: 0.03)
  let slope = -0.0054
  let intercept = 0.78
  let longestLog = 12.0
  /// Gamma law of log(gap) at the busiest time; its shape times this is that of all times.
  let gap = (shape: 10.2303, scale: 0.4871)
  let allTimes = 1.0225
  let longestGapLog = 13.0
  /// Gamma law of the half-hours of jobs, counted from the 11th on, cyclically.
  let cycle = (shape: 8.1737, scale: 3.9631)
  let cycleStart = 11

  /// For a machine of `nodes` nodes, of which there are at least 8.
  init(nodes: Int = 128) { high = log(Double(nodes)) / log(2) }

  /// The chance of each number of nodes, from 1 on.
  var nodes: [Double] {
    let most = Int((exp2(high)).rounded())
    var chances = [Double](repeating: 0, count: most + 1)
    chances[1] = serial
    /// P(log₂ nodes ≤ x).
    func upTo(_ x: Double) -> Double {
      x < middle
        ? first * min(max((x - low) / (middle - low), 0), 1)
        : first + (1 - first) * min(max((x - middle) / (high - middle), 0), 1)
    }
    for power in 0...Int(high.rounded()) {
      // The logarithm rounded.
      let chance = upTo(Double(power) + 0.5) - upTo(Double(power) - 0.5)
      chances[min(1 << power, most)] += powerOfTwo * chance
    }
    for count in 1...most {
      // The number rounded.
      let (above, below) = (Double(count) + 0.5, Double(count) - 0.5)
      let end = count == most ? high + 1 : log(above) / log(2)
      let chance = upTo(end) - upTo(log(below) / log(2))
      chances[count] += (1 - serial - powerOfTwo) * chance
    }
    return chances
  }

  func model() throws -> WorkloadModel {
    let laws = try [short, long].map { try Law(.logGamma, [$0.shape, $0.scale, 1]) }
    let end = exp(longestLog)
    let kept = laws.map { $0.cdf(end) }
    var (shares, atoms): ([Double], [[(value: Double, weight: Double)]]) = ([0, 0], [[], []])
    for (count, chance) in nodes.enumerated() where chance > 0 {
      let p = min(max(slope * Double(count) + intercept, 0), 1)
      // A run time that is too long is drawn anew, its law included.
      let parts = [p * kept[0], (1 - p) * kept[1]]
      for place in 0..<2 {
        let part = chance * parts[place] / (parts[0] + parts[1])
        shares[place] += part
        if part > 0 { atoms[place].append((Double(count), part)) }
      }
    }
    let classes = try ["short", "long"].enumerated().map { place, name in
      var part = TaskClass(
        name: name, share: shares[place],
        runTime: try laws[place].limited(by: .truncated(lower: 1, upper: end)),
        cpu: try Law.atoms(atoms[place]), memory: try Law.constant(0))
      part.spansMachines = true
      return part
    }
    let gaps = try Law(.logGamma, [gap.shape * allTimes, gap.scale, 1])
      .limited(by: .truncated(lower: 1, upper: exp(longestGapLog)))
    let law = try Gamma(shape: cycle.shape, scale: cycle.scale)
    var curve = [Double](repeating: 0, count: 48)
    for place in cycleStart..<48 + cycleStart {
      curve[(place - 1) % 48] = law.cdf(Double(place) + 0.5) - law.cdf(Double(place) - 0.5)
    }
    var model = WorkloadModel(
      arrivals: ArrivalModel(
        rate: 1 / gaps.mean, process: .renewal(gaps),
        weeklyCurve: (0..<336).map { curve[$0 % 48] }), classes: classes)
    model.ticks = ClockTicks(submission: 1, runTime: 1)
    return model
  }
}
