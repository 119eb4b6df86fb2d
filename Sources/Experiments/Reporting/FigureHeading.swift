import Foundation
import Quoting

/// What stands above the plot in a figure's file: its title, what has to be known to read it, and what has to
/// be known before its figures are believed. A file is looked at without the page that it belongs to.
struct FigureHeading {
  /// The kind of file, with sizes in its own unit: pixels of an SVG, points of a PDF.
  enum Format: String {
    case svg, pdf

    /// Of the plot alone.
    fileprivate var width: Double { self == .svg ? 720 : 360 }
    fileprivate var height: Double { self == .svg ? 460 : 230.4 }
    fileprivate var fontSize: Double { self == .svg ? 13 : 10 }
    fileprivate var smallFontSize: Double { self == .svg ? 11 : 7 }

    /// Characters of the small font that fit on a line: one is about half as wide as the font is high.
    fileprivate var lineLength: Int { Int(0.96 * width / (0.5 * smallFontSize)) }
    fileprivate var titleLength: Int { Int(0.96 * width / (0.55 * fontSize)) }

    fileprivate func terminal(height: Double) -> String {
      switch self {
      case .svg:
        "svg size 720,\(Int(height.rounded())) font 'Helvetica,13' background rgb 'white'"
      case .pdf: "pdfcairo size 5in,\(String(format: "%.2f", height / 72))in font 'Helvetica,10'"
      }
    }
  }

  var title: String
  /// Each begins on a line of its own.
  var paragraphs: [String]

  /// The commands of gnuplot that make the paper and write this on it. The plot keeps its size: the paper
  /// grows by what stands above.
  func gnuplot(_ format: Format) -> String {
    let titles = Self.wrapped(title, at: format.titleLength)
    let lines = paragraphs.flatMap { Self.wrapped($0, at: format.lineLength) }
    let steps = [
      (titles, format.fontSize, "#111111"), (lines, format.smallFontSize, "#555555"),
    ]
    let margin = 0.5 * format.fontSize
    let above = steps.reduce(2 * margin) { $0 + 1.3 * $1.1 * Double($1.0.count) }
    let height = format.height + above
    func place(_ depth: Double) -> String { String(format: "%.4f", 1 - depth / height) }
    var script = "set terminal \(format.terminal(height: height))\nunset label\n"
    var depth = margin
    for (lines, size, color) in steps {
      for line in lines {
        depth += 1.3 * size
        script +=
          "set label \(Quoting.gnuplot(line)) at screen 0.02, screen \(place(depth - 0.5 * size)) "
          + "left font ',\(String(format: "%.0f", size))' textcolor rgb '\(color)' noenhanced\n"
      }
    }
    return script + "set tmargin at screen \(place(above))\n"
  }

  /// Lines of at most `length` characters, broken at blanks, or where a word is longer.
  static func wrapped(_ text: String, at length: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      var word = word
      if !line.isEmpty, line.count + 1 + word.count > length {
        lines.append(line)
        line = ""
      }
      while word.count > length {
        lines.append(String(word.prefix(length)))
        word = word.dropFirst(length)
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
