import Workload

extension RunTimePrediction {
  /// The mean of the user's last two tasks that have ended (Tsafrir, Etsion and Feitelson, "Backfilling using
  /// system-generated predictions rather than user runtime estimates", IEEE TPDS 18, 2007).
  public static let lastTwo = RunTimePrediction(
    name: "last-two", summary: "the mean of the user's last two tasks that have ended (TPDS 2007)"
  ) { LastTwoOfUser() }
}

/// Nothing is said of a user of whom no task has ended.
struct LastTwoOfUser: RunTimePredictor {
  /// Only ever looked up.
  private var lasts: [UserID: (last: Double, before: Double)] = [:]

  func prediction(of task: borrowing TaskView, at now: Microseconds) -> Double? {
    lasts[task.user].map { ($0.last + $0.before) / 2 }
  }

  mutating func learn(_ task: borrowing TaskView, ran seconds: Double, at now: Microseconds) {
    lasts[task.user] = (seconds, lasts[task.user]?.last ?? seconds)
  }
}
