internal import CVectorMath

/// Count, mean and spread of a stream of numbers, mergeable.
///
/// Numbers are taken against the first of them as a provisional origin in blocks of 512, and blocks
/// are merged by the pairwise formula of Chan, Golub and LeVeque (1983), so neither a large mean nor
/// 10^9 observations cost digits. Merging in a fixed order gives the same bits; in another order,
/// the same value to about 1e-15.
public struct Moments: Sendable, Equatable, Codable {
  /// How many numbers.
  public private(set) var count = 0
  private var center = 0.0
  private var squares = 0.0
  // The open block: sums of (x - origin) and of its square.
  private var origin = 0.0
  private var blockCount = 0
  private var blockSum = 0.0
  private var blockSquares = 0.0

  /// No number yet.
  public init() {}

  /// Takes one number. Amortised O(1).
  public mutating func add(_ x: Double) {
    if blockCount == 0 { origin = count == 0 ? x : center }
    let d = x - origin
    blockSum += d
    blockSquares += d * d
    blockCount += 1
    count += 1
    if blockCount == 512 { closeBlock() }
  }

  /// The mean of what is in closed blocks: a good origin for the next one.
  var closedMean: Double { center }

  /// Takes a block of numbers by its count and its sums about an origin near its mean.
  mutating func addBlock(count added: Int, origin: Double, sum: Double, squares: Double) {
    guard added > 0 else { return }
    closeBlock()
    let mean = sum / Double(added)
    join(
      count: added, mean: origin + mean, squares: max(0, squares - sum * mean), before: count)
    count += added
  }

  /// Takes all that `other` has seen.
  public mutating func merge(_ other: Moments) {
    closeBlock()
    var other = other
    other.closeBlock()
    join(count: other.count, mean: other.center, squares: other.squares, before: count)
    count += other.count
  }

  /// The arithmetic mean; 0 if there is no number.
  public var mean: Double { closed.center }

  /// Σ (x - mean)².
  public var sumOfSquares: Double { closed.squares }

  /// The population variance (divisor n); 0 if there is no number.
  public var variance: Double { count == 0 ? 0 : closed.squares / Double(count) }

  private var closed: Moments {
    var copy = self
    copy.closeBlock()
    return copy
  }

  private mutating func closeBlock() {
    guard blockCount > 0 else { return }
    let n = Double(blockCount)
    let mean = blockSum / n
    let squares = max(0, blockSquares - blockSum * mean)
    join(
      count: blockCount, mean: origin + mean, squares: squares, before: count - blockCount)
    (blockCount, blockSum, blockSquares) = (0, 0, 0)
  }

  private mutating func join(count added: Int, mean: Double, squares added2: Double, before: Int) {
    guard added > 0 else { return }
    let total = Double(before + added)
    let delta = mean - center
    center += delta * (Double(added) / total)
    squares += added2 + delta * delta * (Double(before) / total * Double(added))
  }
}

/// What the closed-form estimators need of a sample: nothing else is kept.
///
/// A fit over 144 million rows holds one of these (about 200 bytes) a thread, merged at the end.
public struct SampleStatistics: Sendable, Equatable, Codable {
  /// Moments of the values.
  public private(set) var values = Moments()
  /// Moments of their natural logarithms; meaningful if all are positive.
  public private(set) var logarithms = Moments()
  /// The least value; infinity if there is none.
  public private(set) var minimum = Double.infinity
  /// The greatest value; -infinity if there is none.
  public private(set) var maximum = -Double.infinity

  /// No value yet.
  public init() {}

  /// The statistics of a column of finite positive values. O(n).
  public init(_ values: [Double]) { add(contentsOf: values) }

  /// The statistics of a column's values that are finite and positive; the others are refused or
  /// left out, as `policy` says. O(n), one pass.
  public init(screening column: [Double], policy: Screening.Policy = .refuse) throws(FittingError) {
    var screening = Screening()
    add(contentsOf: column, screening: &screening)
    if policy == .refuse, screening.total > 0 { throw .unusableValues(screening) }
  }

  /// Takes a column of values, which must be finite and positive. O(n), one pass.
  public mutating func add(contentsOf column: [Double]) { add(column) { _ in true } }

  /// Takes those of a column's values that are finite and positive, and counts the others in
  /// `screening`. O(n), one pass.
  public mutating func add(contentsOf column: [Double], screening: inout Screening) {
    add(column) { screening.accepts($0) }
  }

  private mutating func add(_ column: [Double], where accepts: (Double) -> Bool) {
    column.withUnsafeBufferPointer { buffer in
      var start = 0
      while start < buffer.count {
        // The first block is small: its origin is its first value, however far from the mean.
        let size = min(count == 0 ? 64 : 4096, buffer.count - start)
        addBlock(UnsafeBufferPointer(rebasing: buffer[start..<start + size]), where: accepts)
        start += size
      }
    }
  }

  private mutating func addBlock(
    _ block: UnsafeBufferPointer<Double>, where accepts: (Double) -> Bool
  ) {
    let whole = block.count / 8 * 8
    var taken = 0
    if whole > 0, let base = block.baseAddress {
      let origin = count == 0 ? block[0] : values.closedMean
      let logOrigin = count == 0 ? cvm_log(block[0]) : logarithms.closedMean
      let sums = cvm_block_sums(base, whole, origin, logOrigin)
      if sums.isUsable {
        values.addBlock(count: whole, origin: origin, sum: sums.sum, squares: sums.squares)
        logarithms.addBlock(
          count: whole, origin: logOrigin, sum: sums.logSum, squares: sums.logSquares)
        minimum = min(minimum, sums.minimum)
        maximum = max(maximum, sums.maximum)
        taken = whole
      }
    }
    for value in block[taken...] where accepts(value) { add(value) }
  }

  /// Takes one value, which must be finite and positive (see ``Screening``).
  public mutating func add(_ value: Double) {
    values.add(value)
    logarithms.add(cvm_log(value))
    minimum = min(minimum, value)
    maximum = max(maximum, value)
  }

  /// Takes all that `other` has seen.
  public mutating func merge(_ other: SampleStatistics) {
    values.merge(other.values)
    logarithms.merge(other.logarithms)
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
  }

  /// How many values.
  public var count: Int { values.count }
}
