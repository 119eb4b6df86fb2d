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
    let here = FileManager.default.currentDirectoryPath
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    // The results of `--experiment study -o study` lie in a folder of that name.
    if let text = ShippedExperiments.text(name), !isThere || isFolder.boolValue {
      file = ConfigurationFile(text: text, name: name)
      (definition, folder) = (try Self.definition(file, in: here), here)
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
    folder = URL(fileURLWithPath: name).absoluteURL.deletingLastPathComponent().path
    definition = try Self.definition(file, in: folder)
  }

  /// What a file or a description says, its axes multiplied out.
  ///
  /// - Parameters:
  ///   - file: the file or description.
  ///   - folder: what its paths begin from.
  public static func definition(
    _ file: ConfigurationFile, in folder: String
  ) throws -> ExperimentDefinition {
    var definition = try ExperimentDefinition(file, schedulers: NamedScheduler.names)
    guard let axes = definition.axes else { return definition }
    definition.axes = nil
    for axis in axes.axes where axis.key.hasPrefix("engine.") && axis.place.path.hasPrefix("axes") {
      // Said twice, one of them would be without effect.
      let key = String(axis.key.dropFirst("engine.".count))
      let others =
        [("the experiment", definition.engine)]
        + definition.clusters.map { ("cluster \($0.name)", $0.engine ?? .init()) }
        + definition.schedulers.map { ("scheduler \($0.name)", $0.engine) }
      // Of the network, what is not varied is said there.
      guard !key.contains("."), let other = others.first(where: { $0.1.says(key) }) else {
        continue
      }
      throw axes.mistake(
        axis.place.issue("is varied: \(other.0) says it, too, without effect"))
    }
    return try Sweep(definition, folder: folder, reading: ReadingSettings()).definition(axes)
  }
}
