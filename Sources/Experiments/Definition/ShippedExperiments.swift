import Configuration

/// Experiment files that come with the program.
public enum ShippedExperiments {
  /// Their names, in the order in which they are listed.
  public static let names = ["study", "example"]

  /// The text of one; nil if there is none of that name.
  public static func text(_ name: String) -> String? {
    switch name {
    case "study": String(decoding: PackageResources.study_yaml, as: UTF8.self)
    case "example": String(decoding: PackageResources.example_yaml, as: UTF8.self)
    default: nil
    }
  }
}
