import Workload

extension Note {
  /// For JSON: `{kind, scope, figures, text}`.
  package var object: [String: Any] {
    ["kind": kind.rawValue, "scope": scope, "figures": figures, "text": text]
  }
}
