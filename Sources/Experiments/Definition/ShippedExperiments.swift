import ShippedFiles

/// Experiment files that come with the program.
public enum ShippedExperiments {
  /// Their names, in the order in which they are listed.
  public static let names = ["study", "example"]

  /// The text of one; nil if there is none of that name.
  public static func text(_ name: String) -> String? {
    ShippedFile.text("experiments/\(name).yaml")
  }
}

extension ReportPage {
  /// A style or script of the pages.
  static func shipped(_ name: String) -> String {
    guard let text = ShippedFile.text("pages/\(name)") else {
      preconditionFailure("the program has no \(name)")
    }
    return text
  }
}
