import Simulation
import Workload

/// Whether a run had the load that its workload was asked to be.
public struct LoadReached {
  private let asked: Double
  private let offered: Double
  private let reached: Double

  /// Of one run.
  public init(_ report: SimulationReport) {
    self.init(
      asked: report.askedLoad ?? .nan, offered: report.offeredLoad ?? .nan,
      reached: report.usage.whileSubmitting.cpu)
  }

  /// Of figures by themselves; NaN where there is none.
  init(asked: Double, offered: Double, reached: Double) {
    (self.asked, self.offered, self.reached) = (asked, offered, reached)
  }

  /// What is to be said; nil where no load was asked for, or it was reached to a tenth of it.
  public var note: Note? {
    guard asked.isFinite, reached.isFinite else { return nil }
    let aim = min(asked, 1)
    func text(_ value: Double) -> String { Figures.significant(value, digits: 2) }
    if offered.isFinite, abs(offered - asked) > 0.1 * asked {
      return Note(
        .otherLoad, "load", ["asked": asked, "offered": offered],
        "load \(text(asked)) was asked for, and the tasks that were drawn offer \(text(offered)): "
          + "so few tasks, or so spread run times, do not come to the mean of their laws")
    }
    guard reached < 0.9 * aim else { return nil }
    return Note(
      .otherLoad, "load", ["asked": asked, "reached": reached],
      "load \(text(asked)) was asked for, and \(text(reached)) of the CPU was in use until the last "
        + "submission: machines begin empty, and what runs beyond the last submission is worked after it; "
        + "a longer duration with a warm-up comes nearer")
  }
}

extension Note.Kind {
  /// Another load than the one that was asked for.
  public static let otherLoad = Note.Kind(rawValue: "other-load")
}
