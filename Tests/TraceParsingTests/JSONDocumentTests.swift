import Configuration
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// What stands behind a JSON list, and keys that are there twice: nothing of it goes by without a word.
@Suite struct JSONDocumentTests {
  private static let columns =
    "columns: {job_id: i, submit_us: {from: s, unit: s}, run_us: {from: r, unit: s}}"

  /// The jobs that are read, or what is said.
  private func read(_ text: String, _ map: String) throws -> String {
    let folder = try ScratchFolder()
    let path = try folder.write("t.json", text)
    let mapping = try TableMapping(file: ConfigurationFile(text: map, name: "map.yaml"))
    do {
      let records = try Formats.drain(
        TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)]).open(path)
          .records(ReadOptions()))
      return records.map { "\($0.id.job):\(Int($0.submit.seconds))" }.joined(separator: " ")
    } catch { return "\(error)".replacing(folder.path + "/", with: "") }
  }

  private static let one = #"{"i": 1, "s": 1, "r": 2}"#
  private static let two = #"{"i": 2, "s": 4, "r": 2}"#

  @Test(arguments: [
    ("[\(one)]\n[\(two)]", "1:1 2:4"),
    ("[\(one)] \n\n", "1:1"),
    ("[] [\(two)]", "2:4"),
    ("[\(one)] \(two)", "t.json:1: behind the end of the list stands what is no other list"),
    ("[\(one)]\nx", "t.json:2: behind the end of the list stands what is no other list"),
    ("[\(one)", "t.json:1: the text ends within the list"),
  ])
  func `lists`(_ text: String, _ expected: String) throws {
    #expect(try read(text, Self.columns) == expected)
  }

  @Test(arguments: [
    (#"{"a": {"v": "}", "l": [\#(one)], "z": [{}]}, "n": 1}"#, "1:1"),
    (#"{"a": {"l": [\#(one)]}}{"a": {"l": [\#(two)]}}"#, "1:1 2:4"),
    (#"{"a": {"l": [\#(one)]}}\#n\#n{"b": 1, "a": {"l": []}}\#n"#, "1:1"),
    (
      #"{"a": {"l": [\#(one)], "l": [\#(two)]}}"#, "t.json:1: the document has 'l' twice"
    ),
    (
      #"{"a": {"l": [\#(one)]},\#n"a": {"l": [\#(two)]}}"#, "t.json:2: the document has 'a' twice"
    ),
    (
      #"{"a": {"l": [\#(one)]}} x"#,
      "t.json:1: behind the end of the document stands what is no other document"
    ),
    (#"{"a": {"l": [\#(one)]}, "n": "#, "t.json:1: the text ends within an object"),
    (#"{"a": {"l": [\#(one)]}"#, "t.json:1: the text ends within the object"),
    (#"{"a": {"l": [\#(one)]}} {"a": {}}"#, "t.json:1: the document has no 'l'"),
  ])
  func `documents`(_ text: String, _ expected: String) throws {
    #expect(try read(text, "rows: a.l\n" + Self.columns) == expected)
  }

  @Test(arguments: [
    (#"{"i": 1, "s": 1, "s": 1, "r": 2}"#, "s"), (#"{"i": 1, "s": 1, "r": 2, "i": 3}"#, "i"),
    (#"{"s": null, "i": 1, "s": 1, "r": 2}"#, "s"),
  ])
  func `a key twice`(_ text: String, _ key: String) throws {
    #expect(
      try read(text, Self.columns) == "t.json:1: expected a JSON object: '\(key)' is there twice")
    // What nobody asks for may be there as often as it likes.
    #expect(try read(#"{"x": 1, "x": 2, "i": 1, "s": 1, "r": 2}"#, Self.columns) == "1:1")
  }

  @Test func `pods of several namespaces, one list behind the other`() throws {
    func list(_ uid: String) -> String {
      #"{"apiVersion": "v1", "items": [{"kind": "Pod", "metadata": {"name": "p", "namespace": "d", "uid": "\#(uid)", "#
        + #""creationTimestamp": "2024-01-01T00:00:00Z"}, "spec": {"containers": [{"resources": {"requests": "#
        + #"{"cpu": "1", "amd.com/gpu": "2"}}}, {"resources": {}}]}, "status": {"phase": "Running", "startTime": "#
        + #""2024-01-01T00:00:10Z", "containerStatuses": [{"state": {"terminated": {"finishedAt": "#
        + #""2024-01-01T00:01:00Z"}}}, {"state": {"running": {}}}]}}], "kind": "List"}"# + "\n"
    }
    let folder = try ScratchFolder()
    let path = try folder.write("pods.json", list("u1") + list("u2"))
    let stream = try TraceOpener(formats: [KubernetesFormat()]).open(path).records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.count == 2)
    // One container ended; the pod has not.
    #expect(records.allSatisfy { $0.outcome == .running && !$0.end.isKnown })
    #expect(records.allSatisfy { $0.flags.isSuperset(of: [.runTimeUnknown, .cutOffAtEnd]) })
    #expect(records.allSatisfy { $0.request.milliGPU == 2000 })
    #expect(
      stream.report.notes.texts.contains(
        "2: still running, as is said: the end is taken as not known"))
  }
}
