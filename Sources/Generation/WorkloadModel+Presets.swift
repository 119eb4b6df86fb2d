import Fitting
import Foundation
import ShippedFiles
import Workload

extension WorkloadModel {
  /// The names of ``preset(_:)``.
  public static let presetNames = [
    "study", "google-2011", "google-2011-tasks", "google-2019", "lublin-feitelson",
  ]

  /// A workload by name: `study` is the original study's, `google-2011` and
  /// `google-2019` are profiles that Tracemill fitted to these traces (see
  /// ``WorkloadProfile/preset(_:)``), and `google-2011-tasks` has the life cycles that are published of
  /// the 2011 table of task events; `lublin-feitelson` is these authors' model of rigid parallel jobs. Nil if there
  /// is none.
  public static func preset(_ name: String) -> WorkloadModel? {
    if name == "study" { return .study }
    if name == "google-2011-tasks" { return google2011Tasks }
    if name == "lublin-feitelson" { return lublinFeitelson }
    guard let profile = WorkloadProfile.preset(name) else { return nil }
    var notes: [Note] = []
    return try? WorkloadModel(profile, notes: &notes)
  }
}

extension WorkloadProfile {
  /// The profile behind a preset, with its provenance; nil for `study` and unknown names. Those in
  /// `data/profiles` are part of the program, which needs no files.
  public static func preset(_ name: String) -> WorkloadProfile? {
    guard let bytes = ShippedFile.bytes("profiles/\(name).json") else { return nil }
    return try? WorkloadProfile(json: Data(bytes))
  }
}
