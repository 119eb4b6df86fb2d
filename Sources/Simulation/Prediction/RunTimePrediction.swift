import Workload

/// A way to predict run times while a workload runs, from tasks that have ended.
///
/// A prediction of one's own needs one value of this type; those that the program knows by name are in
/// ``catalogue``.
public struct RunTimePrediction: Hashable, Sendable {
  /// The name in reports and on the command line; two of one name are taken to be the same.
  public let name: String
  /// What it goes by, in one line.
  public let summary: String
  let make: @Sendable () -> any RunTimePredictor

  /// A way to predict.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - summary: what it goes by, in one line.
  ///   - make: makes the predictor of one run, which has seen nothing.
  public init(
    name: String, summary: String, make: @escaping @Sendable () -> any RunTimePredictor
  ) {
    (self.name, self.summary, self.make) = (name, summary, make)
  }

  public static func == (a: RunTimePrediction, b: RunTimePrediction) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// The predictions that can be asked for by name; a new one is one line here.
  public static let catalogue: [RunTimePrediction] = [lastTwo, regression]

  /// The prediction of the catalogue called `name`; nil if there is none.
  public static func named(_ name: String) -> RunTimePrediction? {
    catalogue.first { $0.name == name }
  }
}

/// Predicts the run times of one run's tasks.
///
/// It is told of a task only when that has ended: what it predicts cannot hang on the future.
public protocol RunTimePredictor: Sendable {
  /// The run time to be expected of a task that waits, in seconds of a machine of speed 1; nil where
  /// nothing can be said. The engine cuts it to the task's estimate, and to a second from below.
  func prediction(of task: borrowing TaskView, at now: Microseconds) -> Double?

  /// A task has ended after so many seconds of run time.
  mutating func learn(_ task: borrowing TaskView, ran seconds: Double, at now: Microseconds)
}

extension SimulationOptions {
  /// What predicted run times are used for.
  public enum PredictionUse: String, Hashable, Sendable, CaseIterable {
    /// The order of the queue; backfilling goes by the estimates.
    case order
    /// Backfilling; the order of the queue goes by the estimates.
    case backfilling
    /// Both.
    case both
  }
}
