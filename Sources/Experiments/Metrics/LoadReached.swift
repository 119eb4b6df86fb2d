import Simulation
import Workload

/// Whether a run had the load that its workload was asked to be, or that it offers.
public struct LoadReached {
  private let asked: Double
  private let offered: Double
  private let placeable: Double
  private let reached: Double
  private let isGrowing: Bool

  /// Of one run.
  public init(_ report: SimulationReport) {
    self.init(
      asked: report.askedLoad ?? .nan, offered: report.offeredLoad ?? .nan,
      placeable: report.placeableLoad ?? .nan, reached: report.usage.whileSubmitting.cpu,
      isGrowing: report.growthNote != nil)
  }

  /// Of figures by themselves; NaN where there is none.
  ///
  /// - Parameters:
  ///   - asked: the load that was asked for.
  ///   - offered: that of all tasks that came.
  ///   - placeable: that of those that some machine could take.
  ///   - reached: the share of the CPU in use until the last submission.
  ///   - isGrowing: whether the queue was growing then.
  init(
    asked: Double, offered: Double, placeable: Double = .nan, reached: Double,
    isGrowing: Bool = false
  ) {
    (self.asked, self.offered, self.placeable) = (asked, offered, placeable)
    (self.reached, self.isGrowing) = (reached, isGrowing)
  }

  /// What is to be said; nil where the load that was asked for, or offered where none was, was reached to a tenth
  /// of it. Where none was asked for, only that tasks could not be placed is said.
  public var note: Note? {
    guard reached.isFinite else { return nil }
    if let note = unplaceableNote { return note }
    guard asked.isFinite else { return nil }
    if offered.isFinite, abs(offered - asked) > 0.1 * asked {
      return Note(
        .otherLoad, "load", ["asked": asked, "offered": offered],
        "load \(text(asked)) was asked for, and the tasks that were drawn offer \(text(offered)): "
          + "so few tasks, or so spread run times, do not come to the mean of their laws")
    }
    guard reached < 0.9 * min(asked, 1) else { return nil }
    let reason =
      isGrowing
      ? "the queue grew meanwhile, as the tasks that waited did not fit beside those that ran, or had to wait "
        + "for each other"
      : "machines begin empty, and what runs beyond the last submission is worked after it; a longer duration "
        + "with a warm-up comes nearer"
    return Note(
      .otherLoad, "load", ["asked": asked, "reached": reached],
      "load \(text(asked)) was asked for, and \(text(reached)) of the CPU was in use until the last "
        + "submission: " + reason)
  }

  /// That a tenth of the load or more is of tasks that no machine can take.
  private var unplaceableNote: Note? {
    guard offered.isFinite, placeable.isFinite, placeable < 0.9 * offered else { return nil }
    var figures = ["offered": offered, "placeable": placeable, "reached": reached]
    if asked.isFinite { figures["asked"] = asked }
    return Note(
      .otherLoad, "load", figures,
      (asked.isFinite ? "load \(text(asked)) was asked for, and " : "")
        + "the tasks offer a load of \(text(offered)), of which \(text(placeable)) is of tasks that some machine "
        + "can take: the others are unplaceable; \(text(reached)) of the CPU was in use until the last submission"
    )
  }

  private func text(_ value: Double) -> String { Figures.significant(value, digits: 2) }
}

extension Note.Kind {
  /// Another load than the one that was asked for.
  public static let otherLoad = Note.Kind(rawValue: "other-load")
}
