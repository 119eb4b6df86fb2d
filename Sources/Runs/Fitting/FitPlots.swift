import Fitting
import Foundation
import Generation
import Logging
import Quoting
import Tables
import TraceParsing

/// Plots of fits: data and gnuplot scripts, and SVG and PDF where gnuplot is installed.
public struct FitPlots {
  private let folder: String

  /// Makes the folder if it is not there.
  ///
  /// - Parameters:
  ///   - folder: where the files go.
  ///   - logger: told where there will be scripts only.
  public init(folder: String, logger: Logger? = nil) throws {
    self.folder = folder
    if !Gnuplot.isInstalled {
      logger?.warning("gnuplot is not installed: \(folder) has data and scripts only")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw RunError(message: "\(folder): cannot be made: \(error.localizedDescription)")
    }
  }

  /// Writes `NAME-ccdf`, `NAME-qq` and, where a tail was found, `NAME-xmin`: each as `.dat`,
  /// `.gnuplot` and, if gnuplot runs, `.svg` and `.pdf`.
  ///
  /// - Parameters:
  ///   - name: what files are called.
  ///   - label: what axes are called, with the unit.
  ///   - values: exact values.
  ///   - censored: lower bounds of values that were cut off; the data are then drawn by Kaplan and Meier.
  ///   - profile: the fits.
  ///   - showsTail: whether the tail's power law is drawn.
  public func write(
    name: String, label: String, values: [Double], censored: [Double] = [],
    profile: QuantityProfile, showsTail: Bool
  ) throws {
    guard let least = values.min(), let greatest = values.max(), least < greatest else { return }
    let figures = FitFigures(
      name: name, label: label, values: values, censored: censored, profile: profile,
      tail: showsTail ? profile.tail : nil)
    _ = try PageFiles.draw(figures.all, notes: [], into: folder, formats: ["svg", "pdf"])
    if showsTail, profile.tail != nil { try distances(name, label, values) }
  }

  /// A group's name as part of a file's name: letters, digits, `-` and `_` of ASCII, and its number where
  /// that is not all of it.
  public static func fileName(of group: String, among groups: [String]) -> String {
    let safe = group.unicodeScalars.map { scalar in
      let isSafe =
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      return isSafe || "-_".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
    }
    let name = String(safe.prefix(60))
    return name == group && !name.isEmpty
      ? name : "\(name)-\((groups.firstIndex(of: group) ?? 0) + 1)"
  }

  private func distances(_ name: String, _ label: String, _ values: [Double]) throws {
    guard let sample = try? TailSample(values) else { return }
    var data = "# xmin, KS distance, exponent, values in the tail\n"
    for point in sample.distanceCurve() {
      data += "\(point.xmin) \(point.distance) \(point.exponent) \(point.tailCount)\n"
    }
    try plot(
      "\(name)-xmin", data,
      """
      set logscale x
      set xlabel \(Quoting.gnuplot("xmin of \(label)")) noenhanced
      set ylabel 'KS distance'
      set y2label 'exponent'
      set y2tics
      set ytics nomirror
      set y2range [1:5]
      plot '\(name)-xmin.dat' using 1:2 with lines lw 2 title 'KS distance', \\
        '' using 1:3 axes x1y2 with lines lc 'gray' title 'exponent'
      """)
  }

  package func plot(_ name: String, _ data: String, _ commands: String) throws {
    let script = """
      set terminal svg size 800,600 dynamic background rgb 'white'
      set output '\(name).svg'
      \(commands)
      set terminal pdfcairo size 5in,3.75in font 'Helvetica,10'
      set output '\(name).pdf'
      replot
      set output

      """
    for (ending, text) in [("dat", data), ("gnuplot", script)] {
      let file = try OutputFile(path: "\(folder)/\(name).\(ending)")
      try file.write(text)
      try file.commit()
    }
    _ = try Gnuplot.run(["\(name).gnuplot"], in: folder)
  }
}
