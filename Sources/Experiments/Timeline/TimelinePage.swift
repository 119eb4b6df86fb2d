import Foundation
import Quoting
import Simulation
import Workload

/// A page that shows a ``Timeline``: one file that needs no network and no library.
public struct TimelinePage {
  private let timeline: Timeline
  private let title: String
  private let generator: String

  /// The page of an arranged timeline.
  ///
  /// - Parameters:
  ///   - timeline: the bars; see ``Timeline/arrange()``.
  ///   - title: what was run.
  ///   - generator: what made it.
  public init(_ timeline: Timeline, title: String, generator: String) {
    (self.timeline, self.title, self.generator) = (timeline, title, generator)
  }

  /// What the page begins with.
  public var sentence: String {
    let bars = timeline.bars
    guard let span = timeline.span else { return "No task ran." }
    // Of each task once, whatever its instances.
    let waited = bars.count { $0.instance == 0 && $0.wait > 0 }
    let waits = bars.reduce(0.0) { $0 + ($1.instance == 0 ? Double($1.wait) : 0) }
    let mean = waits / Double(timeline.tasks) * 1e-6
    let length = Double(span.upperBound - span.lowerBound) * 1e-6
    var text = "\(Figures.grouped(timeline.tasks)) tasks "
    if timeline.gangs > 0 {
      text += "(\(Figures.grouped(timeline.gangs)) of several instances, each of which has a bar) "
    }
    text += "on \(Figures.grouped(timeline.rows.count)) "
    text += "machines in \(Figures.readable(length, unit: "s")); "
    text +=
      waited == 0
      ? "nobody waited."
      : "\(Figures.grouped(waited)) waited, \(Figures.readable(mean, unit: "s")) on average over all."
    if timeline.left > 0 {
      text += " \(Figures.grouped(timeline.left)) never ran or did not end, and have no bar."
    }
    return text
  }

  /// The page as HTML. O(n).
  public var html: String {
    let span = timeline.span ?? 0...0
    let bars = timeline.bars
    // Rows are lanes; bars go by row, then by start.
    var firstRow: [Int64: Int] = [:]
    var labels: [JSONValue] = []
    var rowCount = 0
    for row in timeline.rows {
      firstRow[row.machine] = rowCount
      labels.append(
        .array([.number(Double(row.machine)), .integer(rowCount), .integer(row.lanes)]))
      rowCount += row.lanes
    }
    var counts = [UInt32](repeating: 0, count: rowCount + 1)
    let rows = bars.map { (firstRow[$0.machine] ?? 0) + Int($0.lane) }
    for row in rows { counts[row + 1] += 1 }
    for row in 0..<rowCount { counts[row + 1] += counts[row] }
    var next = counts
    var order = [Int](repeating: 0, count: bars.count)
    for (place, row) in rows.enumerated() {
      order[Int(next[row])] = place
      next[row] += 1
    }
    // Times in 2^-31 of the span: a week to 0.3 ms.
    let length = max(1, Double(span.upperBound - span.lowerBound))
    let unit = length / 0x1p31
    func ticks(_ time: Int64) -> UInt32 { UInt32(max(0, Double(time) / unit).rounded()) }
    let data = JSONValue.object([
      ("bars", .integer(bars.count)), ("rows", .integer(rowCount)), ("machines", .array(labels)),
      ("gangs", .integer(timeline.gangs)), ("unit", .number(unit * 1e-6)),
      ("origin", .number(Double(span.lowerBound) * 1e-6)),
      ("length", .number(length * 1e-6)),
      ("kinds", .array(timeline.kinds.map { .string($0) })),
      ("colors", .array(ReportFigure.colors.map { .string($0) })),
      ("dark", .array(ReportFigure.darkColors.map { .string($0) })),
    ])
    let columns = [
      Self.column("offsets", counts.map(Int64.init)),
      Self.column("starts", order.map { Int64(ticks(bars[$0].start - span.lowerBound)) }),
      Self.column("lengths", order.map { Int64(ticks(bars[$0].end - bars[$0].start)) }),
      Self.column("waits", order.map { Int64(ticks(bars[$0].wait)) }),
      Self.column("classes", order.map { Int64(bars[$0].kind) }),
      Self.column("jobs", order.map { bars[$0].job }),
      Self.column("indices", order.map { Int64(bars[$0].index) }),
      Self.column("instances", order.map { Int64(bars[$0].instance) }),
    ]
    let style = ReportPage.shipped("report.css")
    let own = ReportPage.shipped("timeline.css")
    let script = ReportPage.shipped("timeline.js")
    let inline = ReportPage.inlineScript("\n\(script)\n")
    return """
      \(ReportPage.head(title: title, generator: generator, styles: [style, own], scripts: [inline]))
      <body>
      <header>
      <div class="head"><div><h1>\(Quoting.html(title))</h1>
      <p class="lead">\(Quoting.html(sentence))</p></div>
      <button id="theme" type="button" aria-label="Change between light and dark">◐</button></div>
      <div class="tools" role="toolbar" aria-label="View">
      <button id="in" type="button">zoom in</button><button id="out" type="button">zoom out</button>
      <button id="all" type="button">all</button>
      <button id="rows" type="button" aria-pressed="false">higher rows</button>
      <span class="legend" role="group" aria-label="Classes"></span></div>
      </header>
      <main id="main">
      <div id="view"><canvas id="chart" tabindex="0" role="img" aria-label="\(Quoting.html(sentence)) \
      Left and right move in time, plus and minus zoom, up and down move through the machines."></canvas>
      <div id="tip" hidden></div></div>
      <p class="note">A row is a machine; tasks that run on it at once lie in lanes. The thin line before a \
      bar is its wait. The wheel zooms, dragging moves, shift and wheel move through the machines.</p>
      </main>
      <footer><p>Made by \(Quoting.html(generator)). This file needs no network.</p></footer>
      <div id="reader" class="sr" aria-live="polite"></div>
      <script type="application/json" id="data">\(data.text())</script>
      \(columns.joined(separator: "\n"))
      \(inline.html)
      </body>
      </html>

      """
  }

  /// Whole numbers as a script that holds their bytes, in the narrowest array of JavaScript that has room for
  /// all; one number alone where all are the same. What a page of many tasks takes to be shown is mostly reading
  /// its text.
  private static func column(_ name: String, _ numbers: [Int64]) -> String {
    let (least, most) = (numbers.min() ?? 0, numbers.max() ?? 0)
    let (kind, text): (String, String)
    switch (least, most) {
    case _ where least == most:
      return
        "<script type=\"text/plain\" data-type=\"Float64Array\" data-count=\"\(numbers.count)\" "
        + "data-value=\"\(least)\" id=\"\(name)\"></script>"
    case (0..., ...0xFF): (kind, text) = ("Uint8Array", base64(numbers.map(UInt8.init)))
    case (0..., ...0xFFFF): (kind, text) = ("Uint16Array", base64(numbers.map(UInt16.init)))
    case (0..., ...0xFFFF_FFFF): (kind, text) = ("Uint32Array", base64(numbers.map(UInt32.init)))
    default: (kind, text) = ("Float64Array", base64(numbers.map(Double.init)))
    }
    return "<script type=\"text/plain\" data-type=\"\(kind)\" id=\"\(name)\">\(text)</script>"
  }

  /// The numbers as bytes, the lowest first, in base 64.
  private static func base64<Number: BitwiseCopyable>(_ numbers: [Number]) -> String {
    numbers.withUnsafeBytes { Data($0).base64EncodedString() }
  }
}
