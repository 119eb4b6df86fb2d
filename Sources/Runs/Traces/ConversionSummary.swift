import Diagnostics
import Foundation
import Tables
import TraceInput
import TraceParsing
import Workload

/// `OUT.rejects.csv`, for rows that could not be read.
public struct RejectsFile {
  /// The file; it appears when it is committed.
  public let file: OutputFile
  /// Writes to it.
  public let log: RejectLog

  /// Begins a file beside `output`; nil where nothing can lie beside it, as beside standard output.
  public init?(beside output: String) throws(TraceError) {
    if OutputFile.isStandardOutput(output) || output.hasPrefix("/dev/") { return nil }
    var stem = output
    for kind in TableFileKind.allCases where output.hasSuffix(kind.rawValue) {
      let candidate = String(output.dropLast(kind.rawValue.count))
      if candidate.count < stem.count { stem = candidate }
    }
    let file = try OutputFile(path: stem + ".rejects.csv")
    self.file = file
    log = try RejectLog { line throws(TraceError) in try file.write(line) }
  }
}

/// What a conversion did, for people and for machines.
public struct ConversionSummary {
  let report: ReadReport
  /// Notes that were told when the trace was opened.
  let told: [Note]
  let passedOver: [PassedOverFile]
  /// Values that the output's layout has no place for, by kind.
  let leftOut: [String: Int]
  /// Records that were selected, and so written if anything was.
  package let selected: Int
  /// Nil where nothing was written.
  let output: String?
  let rejects: String?
  let scale: MachineScale
  let transitionsKnown: Bool

  package init(
    report: ReadReport, told: [Note] = [], passedOver: [PassedOverFile],
    leftOut: [String: Int], selected: Int, output: String?, rejects: String?,
    scale: MachineScale, transitionsKnown: Bool
  ) {
    self.report = report
    self.told = told
    self.passedOver = passedOver
    self.leftOut = leftOut
    self.selected = selected
    self.output = output
    self.rejects = rejects
    self.scale = scale
    self.transitionsKnown = transitionsKnown
  }

  /// As `tracemill convert` prints it.
  public var text: String {
    var text = ""
    for (table, rows) in report.rows.sorted(by: { $0.key < $1.key }) {
      text += "read     \(counted(rows, "row")) of \(table)\n"
    }
    if report.comments > 0 { text += "skipped  \(counted(report.comments, "comment line"))\n" }
    let rejected = report.rejects.values.reduce(0, +)
    if rejects != nil || rejected > 0 {
      text += "rejected \(counted(rejected, "row"))\(rejects.map { " -> \($0)" } ?? "")\n"
      for (reason, count) in report.rejects.sorted(by: { $0.key < $1.key }) {
        text += "           \(grouped(count))  \(reason)\n"
      }
    }
    text += "made     \(counted(report.records, "task record"))"
    text += selected == report.records ? "\n" : ", \(grouped(selected)) of them selected\n"
    if report.afterEnd > 0 {
      text += "left out \(counted(report.afterEnd, "task")) seen only after the trace's end\n"
    }
    let odd = report.transitions.impossible.filter { $0.from != .unsubmitted }
    if transitionsKnown, !odd.isEmpty {
      text += "counted  \(counted(odd.map(\.count).reduce(0, +), "impossible transition")): "
      text += odd.map { "\($0.event.name) while \($0.from.name) \(grouped($0.count))" }
        .joined(separator: ", ")
      text += "\n"
    }
    for note in report.notes where !told.contains(note) && note.kind != .resumed {
      text += "note     \(note)\n"
    }
    if let note = PassedOverFile.note(passedOver, limit: 3) { text += "note     \(note)\n" }
    for (what, count) in leftOut.sorted(by: { $0.key < $1.key }) {
      text += "lost     \(grouped(count)) \(what): no place in the output's layout\n"
    }
    text += output.map { "wrote    \(FileName.printed($0))\n" } ?? "wrote    nothing (--dry-run)\n"
    return text
  }

  /// The same for JSON.
  public var object: [String: Any] {
    [
      "rows": report.rows, "comments": report.comments, "rejects": report.rejects,
      "notes": report.notes.texts, "note_values": report.notes.map(\.object),
      "passed_over": passedOver.map(\.object), "left_out": leftOut,
      "records": report.records,
      "selected": selected, "written": output == nil ? 0 : selected,
      "after_end": report.afterEnd,
      "impossible_transitions": impossibleTransitions(report.transitions),
      "output": output ?? NSNull(),
      "rejects_file": rejects ?? NSNull(),
      "scale": [
        "cores": scale.cores, "memory_bytes": scale.memory.rawValue,
        "disk_bytes": scale.disk.rawValue,
      ] as [String: Any],
    ]
  }
}

extension PassedOverFile {
  /// For JSON: `{file, reason, may_hold_rows}`.
  var object: [String: Any] { ["file": name, "reason": reason, "may_hold_rows": mayHoldRows] }
}

/// For JSON: `[{from, event, count}]`.
package func impossibleTransitions(_ transitions: TransitionCounts) -> [[String: Any]] {
  transitions.impossible.map {
    ["from": $0.from.name, "event": $0.event.name, "count": $0.count]
  }
}
