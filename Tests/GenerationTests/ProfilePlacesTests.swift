import Configuration
import Foundation
import Testing
import Workload

@testable import Generation

/// What is wrong with a profile's file has its path, line and column, whichever step of reading finds it.
@Suite struct ProfilePlacesTests {
  private static let text: String = {
    let json = WorkloadProfile.preset("google-2011").flatMap { try? $0.json() }
    return json.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }()

  /// The line and column of the first value behind a key, counted here.
  private func place(_ key: String, in text: String) throws -> (line: Int, column: Int) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line = try #require(lines.firstIndex { $0.contains("\"\(key)\" : ") })
    let range = try #require(lines[line].range(of: "\"\(key)\" : "))
    return (line + 1, lines[line].distance(from: lines[line].startIndex, to: range.upperBound) + 1)
  }

  /// Texts that are numbers: YAML takes them for texts, the decoder does not.
  @Test(arguments: ["input", "tool", "unit", "name"])
  func aNumberInPlaceOfAText(_ key: String) throws {
    let text = Self.text
    let start = try #require(text.range(of: "\"\(key)\" : \""))
    let end = try #require(text[start.upperBound...].firstIndex(of: "\""))
    let broken = text[..<start.lowerBound] + "\"\(key)\" : 17" + text[text.index(after: end)...]
    let place = try place(key, in: String(broken))
    #expect {
      _ = try WorkloadProfile(ConfigurationFile(text: String(broken), name: "p.json"))
    } throws: { error in
      let lines = (error as? ConfigurationError)?.lines ?? []
      let expected = "p.json:\(place.line):\(place.column): "
      return lines.count == 1 && lines[0].hasPrefix(expected)
        && lines[0].hasSuffix("\(key): is of another type; expected a text")
    }
  }

  /// Issues that are found in the value get the places of their paths; those without one stay.
  @Test func issuesOfTheValueArePlaced() {
    let file = ConfigurationFile(text: "a:\n  - b: 1\n    c: 2\nd: 3\n", name: "x.yaml")
    let issues = [
      DescriptionIssue(path: "a[0].c", message: "one"), DescriptionIssue(path: "", message: "two"),
      DescriptionIssue(path: "d", message: "three", line: 9, column: 9),
      DescriptionIssue(path: "a[7].z", message: "four"),
    ]
    let placed = file.placed(issues)
    #expect(placed.map(\.message) == ["one", "two", "three", "four"])
    #expect(placed[0].line == 3 && placed[0].column == 8)
    #expect(placed[1] == issues[1] && placed[2] == issues[2])
    #expect(placed[3].line == 2)
  }

  @Test func whatIsNoJSONSaysSo() {
    #expect {
      _ = try WorkloadProfile(ConfigurationFile(text: "version: 2\n", name: "p.yaml"))
    } throws: { "\($0)".contains("p.yaml:") }
  }
}
