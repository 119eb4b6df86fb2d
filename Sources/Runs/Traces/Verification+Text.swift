import TraceParsing

extension [TraceVerifier.Result] {
  /// Each as a JSON object.
  package var objects: [[String: Any]] {
    map {
      [
        "check": $0.check.rawValue, "subject": $0.subject, "passed": $0.passed,
        "detail": $0.detail,
      ]
    }
  }

  /// For people.
  package var text: String {
    var table = TextTable(header: ["check", "result", "of", ""], left: [0, 1, 2, 3])
    for result in self {
      table.add(
        [result.check.rawValue, result.passed ? "ok" : "FAILED", result.subject, result.detail])
    }
    return table.text
  }

  /// That not all were passed; nil if they were.
  public var failure: RunError? {
    let failed = count { !$0.passed }
    return failed > 0 ? RunError(message: "\(failed) of \(count) checks failed") : nil
  }
}
