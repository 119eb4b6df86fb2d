import Fitting
import Foundation

extension WorkloadModel {
  /// The names of ``preset(_:)``.
  public static let presetNames = ["study", "google-2011", "google-2011-tasks", "google-2019"]

  /// A workload by name: `study` is the original study's, `google-2011` and
  /// `google-2019` are profiles that Tracemill fitted to these traces (see
  /// ``WorkloadProfile/preset(_:)``), and `google-2011-tasks` has the life cycles that are published of
  /// the 2011 table of task events; nil if there is none.
  public static func preset(_ name: String) -> WorkloadModel? {
    if name == "study" { return .study }
    if name == "google-2011-tasks" { return google2011Tasks }
    guard let profile = WorkloadProfile.preset(name) else { return nil }
    var notes: [String] = []
    return try? WorkloadModel(profile, notes: &notes)
  }
}

extension WorkloadProfile {
  /// The profile behind a preset, with its provenance; nil for `study` and unknown names.
  public static func preset(_ name: String) -> WorkloadProfile? {
    let json: String? =
      switch name {
      case "google-2011": PresetProfile.google2011
      case "google-2019": PresetProfile.google2019
      default: nil
      }
    return json.flatMap { try? WorkloadProfile(json: Data($0.utf8)) }
  }
}

/// The profiles in `data/profiles`, kept in the program so that it needs no files; made by
/// `tools/make-presets`.
enum PresetProfile {}
