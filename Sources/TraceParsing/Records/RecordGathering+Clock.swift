import Foundation
import TraceInput
import Workload

extension RecordGathering {
  /// Says what was odd in the rows and assumed of their clocks, and has times counted from the first submission
  /// where they are dates. Called once all records are there.
  ///
  /// - Parameters:
  ///   - context: what read the rows.
  ///   - zone: the clock of times that state no zone.
  ///   - isStated: whether somebody said that it is.
  ///   - origin: where times are counted from.
  mutating func tell(
    _ context: MappedContext, _ zone: TimeZone, isStated: Bool, origin: TableMapping.Origin
  ) {
    for (what, count) in context.oddities {
      report.notes.add(Note(.odd, what, ["tasks": Double(count)], "\(count): \(what)"))
    }
    let clock = context.clockCounts
    if clock.zoneless > 0, !isStated {
      report.notes.add(
        Note(
          .assumed, "time_zone", ["times": Double(clock.zoneless)],
          "\(clock.zoneless) times state no zone: taken as UTC; time_zone: says another"))
    }
    if clock.ambiguous > 0 {
      report.notes.add(
        Note(
          .assumed, "time_zone", ["times": Double(clock.ambiguous)],
          "\(clock.ambiguous) times are in an hour that clocks in \(zone.identifier) show twice: "
            + "the first is taken"))
    }
    if clock.skipped > 0 {
      report.notes.add(
        Note(
          .odd, "time_zone", ["times": Double(clock.skipped)],
          "\(clock.skipped) times are in an hour that clocks in \(zone.identifier) leave out"))
    }
    shiftsToFirst = origin == .first || (origin == .automatic && context.sawDates)
    if shiftsToFirst, survey.firstTime.isKnown {
      let first = survey.firstTime.rawValue
      report.notes.add(
        Note(
          .assumed, "origin", ["first_us": Double(first)],
          "times are counted from the first submission, "
            + (context.sawDates ? DateText.text(first) : "\(first) µs")))
    }
  }
}
