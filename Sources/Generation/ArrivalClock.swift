import CVectorMath
import Fitting
import PortableMath
import Workload

/// The arrival times of jobs, a block of ``GammaBridge/blockSize`` at a time, any block without those
/// before it.
///
/// Points of a unit Poisson process are carried into time by the inverse of the integrated rate: first
/// that of the modulating process, then that of the weekly curve.
struct ArrivalClock: Sendable {
  private var points: GammaBridge
  /// The innermost first.
  private var modulations: [Modulation]
  private let rate: Double
  private let curve: WeeklyCurve?
  private let replay: Replay?
  private let renewal: RenewalClock?
  private let batches: BatchSampler?

  init(_ model: ArrivalModel, seed: UInt64) {
    points = GammaBridge(seed: seed, name: "arrivals")
    rate = model.rate
    batches = model.batches.flatMap {
      $0.share > 0 && !$0.gaps.isEmpty ? BatchSampler($0, seed: seed) : nil
    }
    curve = model.weeklyCurve.isEmpty ? nil : WeeklyCurve(model.weeklyCurve)
    switch model.process {
    case .poisson: (modulations, replay) = ([], nil)
    case .mmpp(let process):
      (modulations, replay) = ([Modulation(process, seed: seed, name: "arrivals")], nil)
    case .cascade(let stages):
      modulations = stages.enumerated().reversed().map { place, stage in
        Modulation(stage, seed: seed, name: "arrivals/stage \(place)")
      }
      replay = nil
    case .replayed(let gaps): (modulations, replay) = ([], Replay(gaps, rate: model.rate))
    case .renewal: (modulations, replay) = ([], nil)
    }
    if case .renewal(let law) = model.process {
      renewal = RenewalClock(law, rate: model.rate, seed: seed)
    } else {
      renewal = nil
    }
  }

  /// The times in seconds of the jobs of `block`, ascending, but for a follower of the block before that may come
  /// after the first of this one.
  mutating func times(of block: Int, into times: UnsafeMutableBufferPointer<Double>) {
    guard let batches, renewal == nil, replay == nil else {
      return own(of: block, into: times)
    }
    // Points from any number on, which may lie in two blocks.
    batches.times(of: block, into: times) { first, part in
      let size = GammaBridge.blockSize
      withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { whole in
        var place = 0
        while place < part.count {
          let own = (first + place) / size
          points.points(of: own, into: whole)
          while place < part.count, (first + place) / size == own {
            part[place] = whole[first + place - own * size]
            place += 1
          }
        }
      }
      carry(part, gap: 1 / (rate * (1 - batches.model.share)))
    }
  }

  private mutating func own(of block: Int, into times: UnsafeMutableBufferPointer<Double>) {
    if let replay {
      for place in times.indices { times[place] = replay.time(block * times.count + place) }
      curve?.invert(times)
    } else if let renewal {
      renewal.times(of: block, into: times)
      curve?.invert(times)
    } else {
      points.points(of: block, into: times)
      carry(times, gap: 1 / rate)
    }
  }

  /// Points of a unit process to times.
  private mutating func carry(_ times: UnsafeMutableBufferPointer<Double>, gap: Double) {
    for place in times.indices { times[place] *= gap }
    for place in modulations.indices { modulations[place].invert(times) }
    curve?.invert(times)
  }
}

/// Gaps over and over again.
private struct Replay: Sendable {
  private var ends: [Double] = []
  private let scale: Double

  init(_ gaps: [Double], rate: Double) {
    var sum = 0.0
    for gap in gaps {
      sum += gap
      ends.append(sum)
    }
    scale = Double(gaps.count) / rate / sum
  }

  func time(_ job: Int) -> Double {
    let (round, place) = job.quotientAndRemainder(dividingBy: ends.count)
    return (Double(round) * ends[ends.count - 1] + ends[place]) * scale
  }
}

/// A rate for each hour of the week, or other equal parts of it, of mean 1.
private struct WeeklyCurve: Sendable {
  /// Integral of the rate up to each part, in seconds.
  private var ends: [Double] = []
  private let rates: [Double]
  /// Seconds of a part.
  private let length: Double

  init(_ relative: [Double]) {
    let mean = relative.reduce(0, +) / Double(relative.count)
    rates = relative.map { $0 / mean }
    length = 604_800 / Double(relative.count)
    var sum = 0.0
    for rate in rates {
      ends.append(sum)
      sum += rate * length
    }
    ends.append(sum)
  }

  /// From integrals to times.
  func invert(_ times: UnsafeMutableBufferPointer<Double>) {
    let whole = ends[rates.count]
    for place in times.indices {
      let week = (times[place] / whole).rounded(.down)
      let rest = times[place] - week * whole
      var (low, high) = (0, rates.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if ends[middle] <= rest { low = middle } else { high = middle }
      }
      let within = rates[low] > 0 ? (rest - ends[low]) / rates[low] : 0
      times[place] = week * 604_800 + Double(low) * length + min(max(within, 0), length)
    }
  }
}

/// The inverse of the integrated rate of a two-state process of mean rate 1.
///
/// Its stays are cycles of one state and then the other; the ends of the busy stays, laid end to end,
/// are a Poisson process, and so are those of the quiet ones: any cycle is found in O(log²).
private struct Modulation: Sendable {
  private var first: GammaBridge
  private var second: GammaBridge
  /// Mean length in seconds of a stay in the state that cycles begin with, and in the other.
  private let stays: (Double, Double)
  /// Rate in each.
  private let rates: (Double, Double)
  private var block = -1
  private var firstEnds = [Double](repeating: 0, count: GammaBridge.blockSize)
  private var secondEnds = [Double](repeating: 0, count: GammaBridge.blockSize)
  /// Where the loaded block begins: time in each state.
  private var begin = (0.0, 0.0)
  /// Integrated rate at its begin and end. They are asked for with each arrival; to find them anew takes
  /// O(log block) gamma variables.
  private var levels = (0.0, -1.0)

  init(_ process: MMPP2, seed: UInt64, name: String) {
    let mean = process.rate
    let busy = (1 / process.leavingBusy, process.busyRate / mean)
    let quiet = (1 / process.leavingQuiet, process.quietRate / mean)
    var rng = RandomStream(seed: seed, name: name + "/state")
    let beginsBusy = rng.openUniform() < process.busyShare
    stays = beginsBusy ? (busy.0, quiet.0) : (quiet.0, busy.0)
    rates = beginsBusy ? (busy.1, quiet.1) : (quiet.1, busy.1)
    first = GammaBridge(seed: seed, name: name + "/" + (beginsBusy ? "busy" : "quiet"))
    second = GammaBridge(seed: seed, name: name + "/" + (beginsBusy ? "quiet" : "busy"))
  }

  /// Integrated rate at the end of a block of cycles.
  private mutating func level(endOf block: Int) -> Double {
    block < 0
      ? 0
      : first.ends(of: block).end * stays.0 * rates.0
        + second.ends(of: block).end * stays.1 * rates.1
  }

  private mutating func load(_ block: Int) {
    self.block = block
    let (a, b) = (first.ends(of: block), second.ends(of: block))
    begin = (a.begin * stays.0, b.begin * stays.1)
    levels = (
      begin.0 * rates.0 + begin.1 * rates.1, a.end * stays.0 * rates.0 + b.end * stays.1 * rates.1
    )
    firstEnds.withUnsafeMutableBufferPointer { first.points(of: block, into: $0) }
    secondEnds.withUnsafeMutableBufferPointer { second.points(of: block, into: $0) }
  }

  /// So many blocks of cycles are looked through.
  private static let blockLimit = 1 << 40

  /// Loads the block of cycles in which the integrated rate reaches `level`; false where it is beyond
  /// all that are looked through.
  private mutating func find(_ target: Double) -> Bool {
    if levels.0 <= target, target < levels.1 { return true }
    if block >= 0, levels.1 <= target, target < level(endOf: block + 1) {
      load(block + 1)
      return true
    }
    var high = 1
    while level(endOf: high - 1) <= target {
      guard high < Self.blockLimit else { return false }
      high *= 2
    }
    var low = high / 2
    while high - low > 1 {
      let middle = (low + high) / 2
      if level(endOf: middle - 1) <= target { low = middle } else { high = middle }
    }
    load(low)
    return true
  }

  /// From integrals, ascending, to times.
  mutating func invert(_ times: UnsafeMutableBufferPointer<Double>) {
    var cycle = 0
    for place in times.indices {
      let target = times[place]
      let before = block
      // After so many cycles the integrated rate is its mean, 1, as nearly as numbers can tell.
      guard find(target) else { continue }
      if block != before || place == 0 { cycle = 0 }
      while cycle < GammaBridge.blockSize - 1, target >= endLevel(cycle) { cycle += 1 }
      times[place] = time(target, in: cycle)
    }
  }

  private func endLevel(_ cycle: Int) -> Double {
    firstEnds[cycle] * stays.0 * rates.0 + secondEnds[cycle] * stays.1 * rates.1
  }

  private func time(_ target: Double, in cycle: Int) -> Double {
    let a = cycle == 0 ? begin.0 : firstEnds[cycle - 1] * stays.0
    let b = cycle == 0 ? begin.1 : secondEnds[cycle - 1] * stays.1
    let ends = (firstEnds[cycle] * stays.0, secondEnds[cycle] * stays.1)
    let rest = max(0, target - (a * rates.0 + b * rates.1))
    let inFirst = (ends.0 - a) * rates.0
    if rest < inFirst { return min(a + b + rest / rates.0, ends.0 + b) }
    return min(ends.0 + b + (rates.1 > 0 ? (rest - inFirst) / rates.1 : 0), ends.0 + ends.1)
  }
}
