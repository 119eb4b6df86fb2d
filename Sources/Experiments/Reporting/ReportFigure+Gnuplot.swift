import Quoting

extension ReportFigure {
  /// The points as a data file of gnuplot: a block a series, numbers only, so that nothing in it can be
  /// read as a command. Columns: x, y, ends of y's interval, ends of x's interval.
  public var gnuplotData: String {
    nonempty.map { series in
      series.points.map { point in
        let (x, y) = (point.xInterval, point.yInterval)
        return
          "\(point.x) \(point.y) \(y?.lowerBound ?? point.y) \(y?.upperBound ?? point.y) "
          + "\(x?.lowerBound ?? point.x) \(x?.upperBound ?? point.x)\n"
      }.joined()
    }.joined(separator: "\n\n")
  }

  /// A gnuplot script (5.2 or later) that draws ``gnuplotData`` to `NAME.svg` and `NAME.pdf`, under the title,
  /// the caption and the notes: a file is looked at without its page.
  ///
  /// - Parameters:
  ///   - name: the files' name without ending; the data are in `NAME.dat`.
  ///   - formats: `svg`, `pdf` or both; others are left out.
  ///   - notes: what has to be known before the figures are believed.
  public func gnuplot(name: String, formats: [String], notes: [String] = []) -> String {
    // Names are drawn as they are: `noenhanced` keeps the terminal from reading markup in them.
    var script = """
      reset
      data = \(Quoting.gnuplot("\(name).dat"))
      set border 3 lw 1
      set tics nomirror out
      set grid ytics lc rgb '#dddddd' lw 0.5
      set key outside below horizontal noenhanced
      set xlabel \(Quoting.gnuplot(x.label)) noenhanced
      set ylabel \(Quoting.gnuplot(y.label)) noenhanced

      """
    if x.isLogarithmic { script += "set logscale x\nset format x '10^{%L}'\n" }
    if y.isLogarithmic { script += "set logscale y\nset format y '10^{%L}'\n" }
    for range in shaded {
      script +=
        "set object rectangle from \(range.lowerBound), graph 0 to \(range.upperBound), graph 1 "
        + "fc rgb '#e8e8e8' fs solid noborder behind\n"
    }
    script += kind == .bars ? bars : kind == .dots ? dots : curves
    let heading = FigureHeading(title: title, paragraphs: [caption] + notes)
    for format in formats.compactMap(FigureHeading.Format.init) {
      script += heading.gnuplot(format)
      script += "set output \(Quoting.gnuplot("\(name).\(format.rawValue)"))\nreplot\nset output\n"
    }
    return script
  }

  private var curves: String {
    var parts: [String] = []
    for (index, series) in nonempty.enumerated() {
      let color = "lc rgb '\(Self.colors[series.style % Self.colors.count])'"
      let title = "title \(Quoting.gnuplot(series.name)) noenhanced"
      let mark = "pt \(Self.marks[series.style % Self.marks.count])"
      if kind == .lines || series.isDashed {
        // The page's dashes, so that lines differ in black and white too.
        let dash = series.isDashed ? "dt 2" : "dt \(series.style % 5 + 1)"
        let with = series.hasMarks ? "linespoints \(mark) ps 0.4" : "lines"
        if series.isStepped {
          parts.append("data index \(index) using 1:2 with fsteps lw 1.8 \(dash) \(color) notitle")
        }
        let style = series.isStepped ? "points \(mark) ps 0.4" : with
        parts.append("data index \(index) using 1:2 with \(style) lw 1.8 \(dash) \(color) \(title)")
      } else {
        let bars = series.points.contains { $0.xInterval != nil } ? "xyerrorbars" : "yerrorbars"
        let columns = bars == "xyerrorbars" ? "1:2:5:6:3:4" : "1:2:3:4"
        parts.append(
          "data index \(index) using \(columns) with \(bars) lw 1.4 \(mark) ps 0.8 \(color) \(title)"
        )
      }
      if kind == .lines, series.points.contains(where: { $0.yInterval != nil }) {
        parts.append(
          "data index \(index) using 1:3:4 with filledcurves fs transparent solid 0.15 \(color) notitle"
        )
      }
    }
    return "set terminal unknown\nplot \(parts.joined(separator: ", \\\n  "))\n"
  }

  /// Names of categories at their places. To gnuplot the name of a tic is a format; by scalar, since a
  /// mark behind a `%` makes another character of it.
  private var tics: [String] {
    categories.enumerated().map { place, name in
      let doubled = name.unicodeScalars.flatMap { $0 == "%" ? [$0, $0] : [$0] }
      return "\(Quoting.gnuplot(String(String.UnicodeScalarView(doubled)))) \(place)"
    }
  }

  private var dots: String {
    let parts = nonempty.enumerated().map { index, series in
      let color = "lc rgb '\(Self.colors[series.style % Self.colors.count])'"
      return "data index \(index) using 1:2:5:6 with xerrorbars lw 1.6 pt 7 ps 0.7 \(color) notitle"
    }
    let tics = self.tics
    return """
      set ytics noenhanced (\(tics.joined(separator: ", ")))
      set yrange [\(Double(categories.count) - 0.4):-0.6]
      set xzeroaxis
      set yzeroaxis lt 1 lc rgb '#333333'
      set terminal unknown
      plot \(parts.joined(separator: ", \\\n  "))

      """
  }

  private var bars: String {
    let width = 0.8 / Double(max(1, nonempty.count))
    var parts: [String] = []
    for (index, series) in nonempty.enumerated() {
      let color = "lc rgb '\(Self.colors[series.style % Self.colors.count])'"
      let shift = (Double(index) - Double(nonempty.count - 1) / 2) * width
      let x = "($1 + \(shift))"
      parts.append(
        "data index \(index) using \(x):2:(\(width * 0.92)) with boxes fs solid 0.85 noborder \(color) "
          + "title \(Quoting.gnuplot(series.name)) noenhanced")
      if series.points.contains(where: { $0.yInterval != nil }) {
        parts.append(
          "data index \(index) using \(x):2:3:4 with yerrorbars pt 0 lc rgb '#333333' lw 1 notitle")
      }
    }
    let tics = self.tics
    return """
      set boxwidth \(width * 0.92)
      set xtics noenhanced (\(tics.joined(separator: ", "))) \(categories.count > 6 ? "rotate by -30" : "")
      set xrange [-0.6:\(Double(categories.count) - 0.4)]
      set xzeroaxis lt 1 lc rgb '#333333'
      set terminal unknown
      plot \(parts.joined(separator: ", \\\n  "))

      """
  }

  /// Colours that people with any colour vision can tell apart (after Tol, "Colour schemes", SRON 2021:
  /// bright, with two of muted), dark enough to stand out from paper by 3 to 1 (WCAG 2.2, 1.4.11).
  static let colors = [
    "#4477AA", "#E5475C", "#228833", "#9A7D00", "#1591BC", "#AA3377", "#882255", "#6F7A1F",
    "#666666",
  ]
  /// The same hues, light enough to stand out from the dark.
  static let darkColors = [
    "#6C9BD2", "#EE6677", "#4DAF5A", "#CCBB44", "#66CCEE", "#D86BAA", "#C86A92", "#B5B84A",
    "#AAAAAA",
  ]
  private static let marks = [7, 5, 9, 11, 13, 6, 4, 8, 10]

  /// gnuplot counts no block for a series without points.
  private var nonempty: [Series] { series.filter { !$0.points.isEmpty } }
}
