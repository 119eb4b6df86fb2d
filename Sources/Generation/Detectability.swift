import Fitting
import Workload

/// Can a classifier tell generated jobs from a trace's? A classifier two-sample test (Lopez-Paz and
/// Oquab 2017) on windows of consecutive jobs, with `BoostedTrees`, which are our own.
///
/// Requests that the trace does not tell are told of neither. Windows do not overlap. Both workloads are cut into ten stretches of consecutive windows; each window
/// is scored by trees that were grown on the other nine stretches' windows, so that no neighbour of a window teaches
/// how to tell it.
public struct Detectability: Sendable, Codable {
  /// What gives generated jobs away.
  public struct Sign: Sendable, Codable {
    /// The feature, in words.
    public let feature: String
    /// Its part in lowering the trees' loss, 0...1.
    public let importance: Double
    /// Mean in the trace and in what was generated; amounts are in natural logarithms.
    public let original: Double
    public let generated: Double

    /// In words.
    public var sentence: String {
      "\(feature): \(original < generated ? "less" : "more") in the trace"
    }
  }

  /// Jobs of a window.
  public let length: Int
  /// Windows of the trace, and of what was generated.
  public let originalWindows: Int
  public let generatedWindows: Int
  /// Probability that a generated window looks more generated than one of the trace: 0.5 if nothing
  /// tells them apart, 1 if each is known at sight.
  public let area: AreaUnderCurve
  /// The features that do most, at most three.
  public let signs: [Sign]

  /// Lengths of windows that are looked at.
  public static let lengths = [1, 8, 64]
  private static let folds = 10
  /// Windows of each side at most.
  private static let limit = 4000

  /// The test for windows of `length` jobs; nil where either side has less than 40 of them.
  public init?(original: [TaskRecord], generated: [TaskRecord], length: Int) {
    let window = JobWindow(length: length)
    let jobs = SeenJob.jobs(original)
    let a = window.rows(jobs, limit: Self.limit)
    let known = SeenJob.Known(jobs)
    let b = window.rows(
      SeenJob.jobs(generated).map { $0.telling(whatIsIn: known) }, limit: Self.limit)
    guard min(a.count, b.count) >= 40 else { return nil }
    self.length = length
    (originalWindows, generatedWindows) = (a.count, b.count)
    var (positives, negatives): ([Double], [Double]) = ([], [])
    var importance = [Double](repeating: 0, count: window.names.count)
    for fold in 0..<Self.folds {
      func isHeld(_ place: Int, _ count: Int) -> Bool { place * Self.folds / count == fold }
      var rows: [[Double]] = []
      var labels: [Bool] = []
      for (part, label) in [(a, false), (b, true)] {
        for (place, row) in part.enumerated() where !isHeld(place, part.count) {
          rows.append(row)
          labels.append(label)
        }
      }
      let trees = BoostedTrees(rows, labels: labels)
      for place in importance.indices { importance[place] += trees.importance[place] }
      for (place, row) in b.enumerated() where isHeld(place, b.count) {
        positives.append(trees.score(row))
      }
      for (place, row) in a.enumerated() where isHeld(place, a.count) {
        negatives.append(trees.score(row))
      }
    }
    guard let area = AreaUnderCurve(positives: positives, negatives: negatives) else { return nil }
    self.area = area
    func mean(_ rows: [[Double]], _ place: Int) -> Double {
      rows.reduce(0) { $0 + $1[place] } / Double(rows.count)
    }
    signs = importance.indices.sorted { (importance[$1], $0) < (importance[$0], $1) }.prefix(3)
      .filter { importance[$0] > 0 }
      .map { place in
        Sign(
          feature: window.names[place], importance: importance[place] / Double(Self.folds),
          original: mean(a, place), generated: mean(b, place))
      }
  }
}
