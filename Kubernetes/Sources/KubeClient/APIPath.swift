import Foundation

/// Parts of paths.
public enum APIPath {
  /// A name as a path has it. Names of objects hold letters, digits, `-` and `.`; all else is escaped.
  public static func escaped(_ text: String) -> String {
    let allowed = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
  }
}
