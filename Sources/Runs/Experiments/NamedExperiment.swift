import Configuration
import Experiments
import Foundation

/// An experiment by its name: a YAML or JSON file, or one of `ShippedExperiments.names`.
public struct NamedExperiment {
  /// What it says.
  public let definition: ExperimentDefinition
  /// The folder that its paths begin from.
  public let folder: String
  /// What it was read from.
  public let file: ConfigurationFile

  /// The experiment called `name`.
  ///
  /// - Throws: `ConfigurationError` with every mistake in the file; ``RunError`` if there is none of
  ///   that name.
  public init(_ name: String) throws {
    let policies = NamedScheduler.names
    let here = FileManager.default.currentDirectoryPath
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    // The results of `--experiment study -o study` lie in a folder of that name.
    if let text = ShippedExperiments.text(name), !isThere || isFolder.boolValue {
      file = ConfigurationFile(text: text, name: name)
      definition = try ExperimentDefinition(file, schedulers: policies)
      folder = here
      return
    }
    guard isThere, !isFolder.boolValue else {
      throw RunError(
        message:
          "\(name): \(isThere ? "is a folder" : "no such file"), nor an experiment that comes with the program ("
          + ShippedExperiments.names.joined(separator: ", ") + ")"
          + (suggestionText(name, among: ShippedExperiments.names) ?? ""))
    }
    file = try ConfigurationFile(path: name)
    definition = try ExperimentDefinition(file, schedulers: policies)
    folder = URL(fileURLWithPath: name).absoluteURL.deletingLastPathComponent().path
  }
}
