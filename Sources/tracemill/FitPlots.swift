import Fitting
import Foundation
import Generation
import Quoting
import TraceParsing

/// Plots of fits: data and gnuplot scripts, and SVG where gnuplot is installed.
struct FitPlots {
  private let folder: String
  private static let pointLimit = 1500

  /// Makes the folder if it is not there.
  init(folder: String) throws {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(message: "\(folder): cannot be made: \(error.localizedDescription)")
    }
  }

  /// Writes `NAME-ccdf`, `NAME-qq` and, where a tail was found, `NAME-xmin`: each as `.dat`,
  /// `.gnuplot` and, if gnuplot runs, `.svg`.
  func write(
    name: String, label: String, values: [Double], profile: QuantityProfile, showsTail: Bool
  ) throws {
    let sorted = values.sorted()
    guard let least = sorted.first, let greatest = sorted.last, least < greatest else { return }
    let fits = Array(profile.fits.prefix(5))
    try ccdf(name, label, sorted, fits, showsTail ? profile.tail : nil)
    try quantiles(name, label, sorted, fits)
    if showsTail, profile.tail != nil { try distances(name, label, values) }
  }

  private func ccdf(
    _ name: String, _ label: String, _ sorted: [Double], _ fits: [FittedLaw], _ tail: TailProfile?
  ) throws {
    // Survivals at points spread evenly over the logarithm of the rank from the top.
    var data = "# \(label), share of values at least as great\n"
    let n = sorted.count
    for index in Self.spread(n) {
      let place = n - 1 - index
      if place > 0, sorted[place] == sorted[place - 1] { continue }
      data += "\(sorted[place]) \(Double(n - place) / Double(n))\n"
    }
    data += "\n\n# \(label), survival of each fit: \(fits.map(\.fit.family.rawValue))\n"
    for x in Self.logarithmic(from: sorted[0], to: sorted[n - 1], count: 300) {
      data += "\(x) " + fits.map { "\($0.fit.law.survival(x))" }.joined(separator: " ") + "\n"
    }
    var curves = [
      "'\(name)-ccdf.dat' index 0 using 1:2 with points pt 7 ps 0.4 lc 'black' title 'data'"
    ]
    for (place, fitted) in fits.enumerated() {
      curves.append(
        "'' index 1 using 1:\(place + 2) with lines lw 2 title '\(fitted.fit.family.rawValue)'")
    }
    if let tail {
      data += "\n\n# the power law of the tail, scaled to its share\n"
      let share = Double(tail.tailCount) / Double(tail.count)
      for x in Self.logarithmic(from: tail.xmin, to: sorted[n - 1], count: 100) {
        data += "\(x) \(share * pow(x / tail.xmin, -tail.shape))\n"
      }
      curves.append("'' index 2 using 1:2 with lines lw 2 dt 2 lc 'red' title 'power-law tail'")
    }
    try plot(
      "\(name)-ccdf", data,
      """
      set logscale xy
      set format y '10^{%L}'
      set yrange [\(0.5 / Double(n)):1.5]
      set xlabel \(Quoting.gnuplot(label)) noenhanced
      set ylabel 'P(X ≥ x)'
      set key bottom left
      plot \(curves.joined(separator: ", \\\n  "))
      """)
  }

  private func quantiles(
    _ name: String, _ label: String, _ sorted: [Double], _ fits: [FittedLaw]
  ) throws {
    guard !fits.isEmpty else { return }
    var data = "# quantiles of \(label), then of each fit: \(fits.map(\.fit.family.rawValue))\n"
    let n = sorted.count
    // Dense at both ends.
    let places = Set(Self.spread(n).flatMap { [$0, n - 1 - $0] }).sorted()
    for place in places {
      let p = (Double(place) + 0.5) / Double(n)
      data += "\(sorted[place]) "
      data += fits.map { "\($0.fit.law.quantile(p))" }.joined(separator: " ") + "\n"
    }
    let curves = fits.enumerated().map { place, fitted in
      "'\(name)-qq.dat' using \(place + 2):1 with points pt 7 ps 0.4 title '\(fitted.fit.family.rawValue)'"
    }
    try plot(
      "\(name)-qq", data,
      """
      set logscale xy
      set xlabel 'quantile of the fit'
      set ylabel \(Quoting.gnuplot("quantile of \(label)")) noenhanced
      set xrange [\(sorted[0] / 3):\(sorted[n - 1] * 3)]
      set key top left
      plot \(curves.joined(separator: ", \\\n  ")), x with lines lc 'black' notitle
      """)
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

  func plot(_ name: String, _ data: String, _ commands: String) throws {
    let script = """
      set terminal svg size 800,600 dynamic background rgb 'white'
      set output '\(name).svg'
      \(commands)

      """
    for (ending, text) in [("dat", data), ("gnuplot", script)] {
      let file = try OutputFile(path: "\(folder)/\(name).\(ending)")
      try file.write(text)
      try file.commit()
    }
    _ = try Gnuplot.run(["\(name).gnuplot"], in: folder)
  }

  /// Up to `pointLimit` places of 0 ..< n, dense near 0.
  private static func spread(_ n: Int) -> [Int] {
    if n <= pointLimit { return Array(0..<n) }
    var places: [Int] = []
    for step in 0..<pointLimit {
      let place = Int(exp(log(Double(n)) * Double(step) / Double(pointLimit - 1))) - 1
      if places.last != place { places.append(min(n - 1, place)) }
    }
    return places
  }

  private static func logarithmic(from low: Double, to high: Double, count: Int) -> [Double] {
    guard low < high else { return [low] }
    return (0..<count).map { low * pow(high / low, Double($0) / Double(count - 1)) }
  }
}
