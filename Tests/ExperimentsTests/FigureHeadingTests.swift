import Foundation
import Testing
import Workload

@testable import Experiments

/// What stands above the plot in a figure's file.
@Suite struct FigureHeadingTests {
  @Test func linesAreBrokenAtBlanksAndLoseNothing() {
    var rng = RandomStream(seed: 5, name: "words")
    for _ in 0..<500 {
      let words = (0..<rng.below(12)).map { _ in
        String(repeating: ["w", "é", "界"][rng.below(3)], count: 1 + rng.below(30))
      }
      let length = 1 + rng.below(40)
      let lines = FigureHeading.wrapped(words.joined(separator: " "), at: length)
      #expect(lines.allSatisfy { !$0.isEmpty && $0.count <= length })
      #expect(lines.joined().filter { $0 != " " } == words.joined())
      // No line could have taken the first word of the next.
      for (line, next) in zip(lines, lines.dropFirst()) {
        let first = next.prefix { $0 != " " }
        let isPiece = !words.contains(String(first))
        #expect(line.count + 1 + first.count > length || isPiece)
      }
    }
  }

  /// The plot keeps its size: the paper grows by each line, and nothing stands beside it.
  @Test func thePaperGrowsByWhatIsSaid() throws {
    func height(_ lines: Int, _ format: FigureHeading.Format) throws -> Double {
      let heading = FigureHeading(
        title: "Wait", paragraphs: Array(repeating: "Less is better.", count: lines))
      let script = heading.gnuplot(format)
      #expect(script.components(separatedBy: "set label").count - 1 == 1 + lines)
      let size = try #require(
        format == .svg
          ? script.firstMatch(of: /size 720,([0-9.]+)/)?.1
          : script.firstMatch(of: /size 5in,([0-9.]+)in/)?.1)
      let places = script.matches(of: /screen ([0-9.]+) left/).compactMap { Double($0.1) }
      #expect(places == places.sorted(by: >) && Set(places).count == places.count)
      let margin = try #require(script.firstMatch(of: /tmargin at screen ([0-9.]+)/)?.1)
      #expect(try #require(places.last) > Double(margin) ?? 1)
      let all = try #require(Double(size)) * (format == .svg ? 1 : 72)
      #expect(abs(try #require(Double(margin)) * all - (format == .svg ? 460 : 230.4)) < 1)
      return all
    }
    for format in [FigureHeading.Format.svg, .pdf] {
      let heights = try [0, 1, 2, 9].map { try height($0, format) }
      #expect(heights == heights.sorted() && heights[3] > heights[2] + 50)
    }
  }
}
