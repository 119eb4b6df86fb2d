import Diagnostics
import Experiments
import Foundation

extension MergedResults {
  /// As JSON.
  package func object(output: String) -> [String: Any] {
    [
      "cells": cells, "done": done, "repeated": repeated, "failed": failed,
      "missing": missing ?? NSNull(), "output": output,
    ]
  }

  /// For people.
  package func text(output: String) -> String {
    let twice = repeated > 0 ? ", \(grouped(repeated)) twice and equal" : ""
    let failures = failed > 0 ? ", \(grouped(failed)) failed" : ""
    return """
      merged   \(grouped(done)) of \(grouped(cells)) cells\(twice)\(failures)
      wrote    \(FileName.printed(output))

      """
  }
}
