import Foundation

/// CPU time by stage.
package final class Stopwatch {
  private let report: ((String) -> Void)?
  private var last = clock()

  /// - Parameter report: is told a line for each stage; nothing is measured without it.
  package init(_ report: ((String) -> Void)?) { self.report = report }

  /// A stage has ended.
  package func lap(_ stage: String) {
    let now = clock()
    report?("\(stage): \(fixed(Double(now - last) / Double(CLOCKS_PER_SEC), 4)) CPU-s\n")
    last = clock()
  }
}
