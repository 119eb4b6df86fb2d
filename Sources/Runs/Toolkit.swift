/// What the libraries and the program are.
public enum Toolkit {
  /// The version, by semver.org.
  public static let version = "0.2.0"
}
