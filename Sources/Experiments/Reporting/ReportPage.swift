import CCrypto
import Foundation
import Quoting

/// A page that stands alone: styles, script, data and the chart library are in it.
public struct ReportPage: Sendable {
  /// A part of a section.
  public enum Block: Sendable {
    /// The sentence that a page begins with.
    case lead(String)
    /// A sentence or several.
    case paragraph(String)
    /// What has to be known before figures are believed.
    case notices([String])
    /// What has to be known to read what follows.
    case note(String)
    /// Names with values.
    case facts([(String, String)])
    /// Sentences of equal rank.
    case list([String])
    /// A table.
    case table(ReportTable)
    /// A table that is folded away.
    case folded(ReportTable)
    /// A figure; one without points is left out.
    case figure(ReportFigure)
    /// Text as it is.
    case code(String)
    /// Blocks that are folded away under a title; on paper they are open.
    case part(String, [Block])
  }

  /// A part of the page with a heading.
  public struct Section: Sendable {
    /// Its name in links.
    public var id: String
    /// Its heading.
    public var title: String
    /// What is in it.
    public var blocks: [Block]

    /// A section.
    public init(id: String, title: String, blocks: [Block]) {
      self.id = Quoting.identifier(id)
      self.title = title
      self.blocks = blocks
    }
  }

  /// The title.
  public var title: String
  /// A line under it.
  public var subtitle: String
  /// The sections; empty ones are left out.
  public var sections: [Section]
  /// What made it.
  public var generator: String

  /// A page.
  public init(title: String, subtitle: String, sections: [Section], generator: String) {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections.filter { !$0.blocks.allSatisfy(\.isEmpty) }
    self.generator = generator
  }

  /// Every figure, in order.
  public var figures: [ReportFigure] {
    sections.flatMap(\.blocks).flatMap(\.figures)
  }

  /// What has to be known before the page's figures are believed.
  public var notices: [String] {
    sections.flatMap(\.blocks).flatMap { block -> [String] in
      guard case .notices(let lines) = block else { return [] }
      return lines
    }
  }

  /// The page as HTML.
  ///
  /// - Parameter chartLibrary: the text of Chart.js (version 3 or 4); without it the page has its
  ///   tables, and says why it has no charts.
  public func html(chartLibrary: String?) -> String {
    let data = JSONValue.object([
      ("figures", .array(figures.map(\.json))),
      ("colors", .array(ReportFigure.colors.map { .string($0) })),
      ("dark", .array(ReportFigure.darkColors.map { .string($0) })),
    ])
    let style = Self.shipped("report.css")
    let script = Self.shipped("report.js")
    let nav = sections.map { "<a href=\"#\($0.id)\">\(Quoting.html($0.title))</a>" }
    let missing =
      chartLibrary == nil && !figures.isEmpty
      ? """
      <p class="notice">Charts need Chart.js, which was not found when this page was made. \
      Install it (Debian: libjs-chart.js) and run tracemill report again. The tables are complete.</p>
      """ : ""
    let scripts =
      (chartLibrary.map { library in
        // A comment in the library must not end the script.
        [
          "/* Chart.js, MIT licence, https://www.chartjs.org */\n"
            + library.replacing("</script", with: "<\\/script")
        ]
      } ?? []) + ["\n\(script)\n"]
    let inline = scripts.map(Self.inlineScript)
    let credit =
      chartLibrary == nil ? "" : "Charts by Chart.js, © Chart.js Contributors, MIT licence. "
    return """
      \(Self.head(title: title, generator: generator, styles: [style], scripts: inline))
      <body>
      <a class="skip" href="#main">To the report</a>
      <header>
      <div class="head"><div><h1>\(Quoting.html(title))</h1>
      <p class="subtitle">\(Quoting.html(subtitle))</p></div>
      <button id="theme" type="button" aria-label="Change between light and dark">◐</button></div>
      <nav aria-label="Sections">\(nav.joined(separator: "\n"))</nav>
      </header>
      <main id="main">
      \(missing)
      \(sections.map(\.html).joined(separator: "\n"))
      </main>
      <footer><p>Made by \(Quoting.html(generator)). \(credit)This file needs no network.</p></footer>
      <div id="reader" class="sr" aria-live="polite"></div>
      <script type="application/json" id="data">\(data.text())</script>
      \(inline.map(\.html).joined(separator: "\n"))
      </body>
      </html>

      """
  }

  /// The beginning of a page that needs nothing from elsewhere: its content policy admits its own styles, and of scripts
  /// these alone.
  static func head(
    title: String, generator: String, styles: [String], scripts: [(html: String, hash: String)]
  ) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="generator" content="\(Quoting.html(generator))">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
    style-src 'unsafe-inline'; script-src \(scripts.map(\.hash).joined(separator: " ")); \
    img-src data:; base-uri 'none'; \
    form-action 'none'">
    <title>\(Quoting.html(title))</title>
    <link rel="icon" href="data:,">
    <style>
    \(styles.joined(separator: "\n"))
    </style>
    </head>
    """
  }

  /// An inline script, and its hash for the content policy.
  static func inlineScript(_ text: String) -> (html: String, hash: String) {
    // As the browser's parser reads it: line ends are line feeds.
    let text = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    var digest = [UInt8](repeating: 0, count: 32)
    let bytes = Array(text.utf8)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    return ("<script>\(text)</script>", "'sha256-\(Data(digest).base64EncodedString())'")
  }
}

extension ReportPage.Block {
  /// The figures in it that are not empty.
  var figures: [ReportFigure] {
    switch self {
    case .figure(let figure): figure.isEmpty ? [] : [figure]
    case .part(_, let blocks): blocks.flatMap(\.figures)
    default: []
    }
  }

  var isEmpty: Bool {
    switch self {
    case .lead(let text), .paragraph(let text), .note(let text), .code(let text):
      text.isEmpty
    case .facts(let pairs): pairs.isEmpty
    case .list(let lines), .notices(let lines): lines.isEmpty
    case .table(let table), .folded(let table): table.rows.isEmpty
    case .figure(let figure): figure.isEmpty
    case .part(_, let blocks): blocks.allSatisfy(\.isEmpty)
    }
  }

  /// - Parameter said: notes and captions that the section has said: each is said once.
  fileprivate func html(_ said: inout Set<String>) -> String {
    if isEmpty { return "" }
    switch self {
    case .lead(let text): return "<p class=\"lead\">\(Quoting.html(text))</p>"
    case .notices(let lines):
      guard lines.count > 1 else { return "<p class=\"notice\">\(Quoting.html(lines[0]))</p>" }
      return "<ul class=\"notice\">" + lines.map { "<li>\(Quoting.html($0))</li>" }.joined()
        + "</ul>"
    case .note(let text):
      return said.insert(text).inserted ? "<p class=\"note\">\(Quoting.html(text))</p>" : ""
    case .paragraph(let text): return "<p>\(Quoting.html(text))</p>"
    case .code(let text): return "<pre tabindex=\"0\">\(Quoting.html(text))</pre>"
    case .facts(let pairs):
      return "<dl>"
        + pairs.map { "<div><dt>\(Quoting.html($0))</dt><dd>\(Quoting.html($1))</dd></div>" }
        .joined()
        + "</dl>"
    case .list(let lines):
      return "<ul>" + lines.map { "<li>\(Quoting.html($0))</li>" }.joined() + "</ul>"
    case .table(let table): return table.html
    case .folded(let table):
      return "<details><summary>\(Quoting.html(table.title))</summary>\(table.html)</details>"
    case .part(let title, let blocks):
      return "<details class=\"part\"><summary>\(Quoting.html(title))</summary>\n"
        + blocks.map { $0.html(&said) }.joined(separator: "\n") + "</details>"
    case .figure(let figure):
      let caption = said.insert(figure.caption).inserted ? figure.caption : ""
      return """
        <figure id="\(figure.id)"\(figure.isSmall ? " class=\"small\"" : "") data-rows="\(
          figure.kind == .dots ? figure.categories.count : 0)">
        <h3>\(Quoting.html(figure.title))</h3>
        <div class="legend" role="group" aria-label="Series"></div>
        <div class="chart"><canvas tabindex="0" role="img" aria-label="\(Quoting.html(figure.title)). \
        \(Quoting.html(figure.caption)) Arrow keys move from point to point."></canvas></div>
        <figcaption>\(Quoting.html(caption))</figcaption>
        <details class="numbers"><summary>Numbers</summary></details>
        </figure>
        """
    }
  }
}

extension ReportPage.Section {
  fileprivate var html: String {
    var said: Set<String> = []
    return """
      <section id="\(id)" aria-labelledby="\(id)-title">
      <h2 id="\(id)-title">\(Quoting.html(title))</h2>
      \(blocks.map { $0.html(&said) }.joined(separator: "\n"))
      </section>
      """
  }
}

extension ReportTable {
  fileprivate var html: String {
    var text = """
      <div class="table" tabindex="0" role="region" aria-label="\(Quoting.html(title))">
      <table><caption><span>\(Quoting.html(title))</span></caption><thead><tr>
      """
    let isWords = header.indices.map { column in
      column > 0 && rows.contains { column < $0.count && $0[column].value == nil }
    }
    text += header.enumerated().map { column, head in
      // Heads stand over their cells: words begin at the left, numbers end at the right.
      "<th scope=\"col\"\(isWords[column] ? " class=\"words\"" : "")>\(Quoting.html(head))</th>"
    }.joined()
    text += "</tr></thead><tbody>"
    for row in rows {
      text += "<tr>"
      for (column, cell) in row.enumerated() {
        let value = cell.value.map { $0.isFinite ? " data-value=\"\($0)\"" : "" } ?? ""
        let content =
          cell.isStrong ? "<strong>\(Quoting.html(cell.text))</strong>" : Quoting.html(cell.text)
        text +=
          column == 0
          ? "<th scope=\"row\">\(content)</th>"
          : "<td\(value)\(isWords[column] ? " class=\"words\"" : "")>\(content)</td>"
      }
      text += "</tr>"
    }
    text += "</tbody></table></div>"
    return note.isEmpty ? text : text + "<p class=\"note\">\(Quoting.html(note))</p>"
  }
}
