import Experiments
import Foundation
import Logging
import Tables
import TraceParsing

/// Where the chart library is, and pages and figures on disk.
package enum PageFiles {
  /// Where packages put Chart.js below the folder that they are installed in: Debian's libjs-chart.js
  /// and node-chart.js, and npm's.
  private static let places = [
    "share/javascript/chart.js/chart.min.js", "share/nodejs/chart.js/dist/chart.umd.js",
    "share/nodejs/chart.js/dist/chart.min.js", "lib/node_modules/chart.js/dist/chart.umd.js",
  ]

  /// Folders that packages are installed in: the system's, and those whose `bin` is on the path, so
  /// that no package manager's place has to be known.
  private static func prefixes(_ environment: [String: String]) -> [String] {
    let folders = environment["PATH", default: ""].split(separator: ":").map(String.init)
    var prefixes = ["/usr"]
    for folder in folders where folder.hasSuffix("/bin") {
      let prefix = String(folder.dropLast("/bin".count))
      if !prefixes.contains(prefix) { prefixes.append(prefix) }
    }
    return prefixes
  }

  /// The text of Chart.js: the file that the user names, by option or in TRACEMILL_CHART_LIBRARY, or
  /// where packages put it. Nil, with a warning, if it is nowhere.
  package static func chartLibrary(_ path: String?, logger: Logger?) throws -> String? {
    let environment = ProcessInfo.processInfo.environment
    let named = environment["TRACEMILL_CHART_LIBRARY"].flatMap { $0.isEmpty ? nil : $0 }
    if let path = path ?? named {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw RunError(message: "\(path): cannot be read as text")
      }
      return text
    }
    for place in prefixes(environment).flatMap({ prefix in places.map { prefix + "/" + $0 } }) {
      if let text = try? String(contentsOfFile: place, encoding: .utf8) {
        logger?.debug("charts by \(place)")
        return text
      }
    }
    logger?.warning(
      """
      Chart.js is not installed (Debian: libjs-chart.js; elsewhere: npm install -g chart.js): the page \
      has its tables but no charts
      """)
    return nil
  }

  /// Draws figures with gnuplot into `folder`: the data, the script, and a file a format.
  ///
  /// - Parameters:
  ///   - figures: the figures; each file is called by the figure's id.
  ///   - notes: what has to be known before they are believed; it stands in every file.
  ///   - folder: where they go; made if it is not there.
  ///   - formats: `svg`, `pdf` or both.
  /// - Returns: whether gnuplot is there.
  package static func draw(
    _ figures: [ReportFigure], notes: [String], into folder: String, formats: [String]
  ) throws -> Bool {
    guard !figures.isEmpty, !formats.isEmpty else { return true }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for figure in figures {
      let script = figure.gnuplot(name: figure.id, formats: formats, notes: notes)
      for (ending, text) in [("dat", figure.gnuplotData), ("gnuplot", script)] {
        let file = try OutputFile(path: "\(folder)/\(figure.id).\(ending)")
        try file.write(text)
        try file.commit()
      }
    }
    return try Gnuplot.run(figures.map { "\($0.id).gnuplot" }, in: folder)
  }
}
