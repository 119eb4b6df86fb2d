import PortableMath

/// Gradient-boosted decision trees for two classes: logistic loss, second-order steps (Friedman 2001;
/// Chen and Guestrin 2016), splits among 32 quantiles of each feature.
///
/// Small and deterministic: no rows or features are drawn by lot, so the same data give the same trees.
public struct BoostedTrees: Sendable {
  /// How the trees are grown.
  public struct Options: Sendable {
    /// Trees.
    public var rounds = 60
    /// Splits from the root to a leaf at most.
    public var depth = 3
    /// Share of each tree's step that is taken, 0...1.
    public var rate = 0.15
    /// Rows that a leaf has at least.
    public var leafRows = 10
    /// Added to the second derivative of a leaf: steps of small leaves are smaller.
    public var penalty = 1.0

    public init() {}
  }

  private struct Node: Sendable {
    var feature = -1
    var threshold = 0.0
    /// Places of the children; of a leaf -1.
    var below = -1
    var above = -1
    var value = 0.0
  }

  private var trees: [[Node]] = []
  private var base = 0.0
  private let rate: Double
  /// By how much the splits at each feature lowered the loss, as shares of all: 0...1, adding up to 1
  /// where there was a split.
  public private(set) var importance: [Double]

  /// Trees that tell rows with label true from the others.
  ///
  /// - Parameters:
  ///   - rows: each with the same number of finite features; at least one.
  ///   - labels: one for each row.
  ///   - options: how the trees are grown.
  ///
  /// O(rounds · depth · rows · features).
  public init(_ rows: [[Double]], labels: [Bool], options: Options = Options()) {
    precondition(rows.count == labels.count && !rows.isEmpty, "a label for each of the rows")
    rate = options.rate
    let features = rows[0].count
    importance = [Double](repeating: 0, count: features)
    let bins = Bins(rows)
    let positives = Double(labels.count { $0 })
    let share = min(max(positives / Double(labels.count), 1e-6), 1 - 1e-6)
    base = log(share / (1 - share))
    var scores = [Double](repeating: base, count: rows.count)
    for _ in 0..<options.rounds {
      var gradients = scores
      var curvatures = scores
      for place in scores.indices {
        let p = 1 / (1 + exp(-scores[place]))
        gradients[place] = p - (labels[place] ? 1 : 0)
        curvatures[place] = max(p * (1 - p), 1e-9)
      }
      var grower = Grower(
        bins: bins, gradients: gradients, curvatures: curvatures, options: options)
      grower.grow(Array(rows.indices), depth: 0)
      for (feature, gain) in grower.gains { importance[feature] += gain }
      for (leaf, members) in grower.leaves {
        for place in members { scores[place] += rate * grower.nodes[leaf].value }
      }
      trees.append(grower.nodes)
    }
    let total = importance.reduce(0, +)
    if total > 0 { for place in importance.indices { importance[place] /= total } }
  }

  /// The logarithm of the odds that `row` has label true.
  public func score(_ row: [Double]) -> Double {
    var sum = base
    for tree in trees {
      var place = 0
      while tree[place].feature >= 0 {
        place =
          row[tree[place].feature] < tree[place].threshold ? tree[place].below : tree[place].above
      }
      sum += rate * tree[place].value
    }
    return sum
  }

  /// Each feature's values by the bin they fall in.
  private struct Bins {
    static let limit = 32
    /// Ends of the bins of each feature, ascending: a value in bin b is at least ends[b - 1].
    var ends: [[Double]] = []
    /// By feature and row.
    var places: [[UInt8]] = []

    init(_ rows: [[Double]]) {
      for feature in rows[0].indices {
        let sorted = rows.map { $0[feature] }.sorted()
        var cuts: [Double] = []
        for step in 1..<Self.limit {
          let value = sorted[step * sorted.count / Self.limit]
          if value > (cuts.last ?? sorted[0]) { cuts.append(value) }
        }
        ends.append(cuts)
        places.append(
          rows.map { row in
            var bin = 0
            while bin < cuts.count, row[feature] >= cuts[bin] { bin += 1 }
            return UInt8(bin)
          })
      }
    }
  }

  private struct Grower {
    let bins: Bins
    let gradients: [Double]
    let curvatures: [Double]
    let options: Options
    var nodes: [Node] = []
    var leaves: [(Int, [Int])] = []
    var gains: [(feature: Int, gain: Double)] = []

    mutating func grow(_ members: [Int], depth: Int) {
      let place = nodes.count
      nodes.append(Node())
      let (g, h) = sums(members)
      guard depth < options.depth, let split = best(members, g, h) else {
        nodes[place].value = -g / (h + options.penalty)
        leaves.append((place, members))
        return
      }
      gains.append((split.feature, split.gain))
      let column = bins.places[split.feature]
      let below = members.filter { column[$0] < split.bin }
      let above = members.filter { column[$0] >= split.bin }
      nodes[place].feature = split.feature
      nodes[place].threshold = bins.ends[split.feature][Int(split.bin) - 1]
      nodes[place].below = nodes.count
      grow(below, depth: depth + 1)
      nodes[place].above = nodes.count
      grow(above, depth: depth + 1)
    }

    private func sums(_ members: [Int]) -> (Double, Double) {
      var (g, h) = (0.0, 0.0)
      for member in members {
        g += gradients[member]
        h += curvatures[member]
      }
      return (g, h)
    }

    private func best(
      _ members: [Int], _ g: Double, _ h: Double
    ) -> (feature: Int, bin: UInt8, gain: Double)? {
      var found: (feature: Int, bin: UInt8, gain: Double)?
      let whole = g * g / (h + options.penalty)
      for feature in bins.ends.indices where !bins.ends[feature].isEmpty {
        let count = bins.ends[feature].count + 1
        var sums = [(g: Double, h: Double, n: Int)](repeating: (0, 0, 0), count: count)
        let column = bins.places[feature]
        for member in members {
          let bin = Int(column[member])
          sums[bin].g += gradients[member]
          sums[bin].h += curvatures[member]
          sums[bin].n += 1
        }
        var (left, leftH, n) = (0.0, 0.0, 0)
        for bin in 1..<count {
          left += sums[bin - 1].g
          leftH += sums[bin - 1].h
          n += sums[bin - 1].n
          guard n >= options.leafRows, members.count - n >= options.leafRows else { continue }
          let right = g - left
          let gain =
            left * left / (leftH + options.penalty)
            + right * right / (h - leftH + options.penalty) - whole
          if gain > (found?.gain ?? 1e-9) { found = (feature, UInt8(bin), gain) }
        }
      }
      return found
    }
  }
}

/// Area under the receiver operating characteristic: how probable it is that a row of one class has a
/// greater score than one of the other, ties counting half.
public struct AreaUnderCurve: Sendable, Hashable, Codable {
  /// 0.5 where the scores say nothing, 1 where they tell the classes apart.
  public let value: Double
  /// Its standard error (Hanley and McNeil 1982).
  public let standardError: Double

  /// From the scores of each class; nil where one is empty. O(n log n).
  public init?(positives: [Double], negatives: [Double]) {
    guard !positives.isEmpty, !negatives.isEmpty else { return nil }
    let all = (positives.map { ($0, true) } + negatives.map { ($0, false) })
      .sorted { $0.0 < $1.0 }
    var (sum, place) = (0.0, 0)
    while place < all.count {
      var end = place
      var inside = 0
      while end < all.count, all[end].0 == all[place].0 {
        if all[end].1 { inside += 1 }
        end += 1
      }
      sum += Double(inside) * Double(place + end + 1) / 2
      place = end
    }
    let (n, m) = (Double(positives.count), Double(negatives.count))
    let area = (sum - n * (n + 1) / 2) / (n * m)
    let (q1, q2) = (area / (2 - area), 2 * area * area / (1 + area))
    let variance =
      (area * (1 - area) + (n - 1) * (q1 - area * area) + (m - 1) * (q2 - area * area)) / (n * m)
    value = area
    standardError = max(0, variance).squareRoot()
  }
}
