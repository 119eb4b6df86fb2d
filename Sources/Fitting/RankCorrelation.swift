/// Spearman's rank correlation of paired observations: Pearson's of their mid-ranks, so ties count
/// half each way. -1...1; nil if either side has fewer than two distinct values. O(n log n).
public func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
  precondition(a.count == b.count, "rank correlation takes pairs")
  let (x, y) = (midRanks(a), midRanks(b))
  let mean = Double(a.count + 1) / 2
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for index in x.indices {
    let (dx, dy) = (x[index] - mean, y[index] - mean)
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
}

/// The rank of each value, 1...n, ties sharing the mean of theirs.
private func midRanks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
    start = end
  }
  return ranks
}
