import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing

@Suite struct NumberColumnTests {
  private func read(_ text: String, column: String? = nil) throws -> NumberColumn {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("numbers-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try NumberColumn(path: path, column: column)
  }

  @Test func plainAndHeaded() throws {
    #expect(try read("1\n2.5\n\n# note\n3e2").values == [1, 2.5, 300])
    let headed = try read("\u{feff}a,duration_s\r\n1, 7\r\n2,8 \r\n", column: "duration_s")
    #expect(headed.values == [7, 8] && headed.name == "duration_s")
    #expect(try read("a,b\n1,7\n", column: "2").values == [7])
    #expect(try read("a,b\n1,7\n").values == [1])
    #expect(try read("1\t2\n3\t4\n", column: "2").values == [2, 4])
    #expect(try read("  1   2\n 3 4\n", column: "2").values == [2, 4])
    #expect(try read("1\nnan\n-inf\n0").values[0] == 1)
  }

  @Test func refusals() throws {
    for (text, column, said) in [
      ("a,b\n1,2\n", "c", "1: no column 'c'; the first line has a, b"),
      ("a,b\n1,2\n3\n", "b", "3: 1 fields, expected at least 2"),
      ("a,b\n1,x\n", "b", "2:2: 'x' is not a number"),
    ] {
      do {
        _ = try read(text, column: column)
        Issue.record("\(text) was read")
      } catch let error as TraceError {
        #expect("\(error)".hasSuffix(said), "\(error)")
      }
    }
  }
}
