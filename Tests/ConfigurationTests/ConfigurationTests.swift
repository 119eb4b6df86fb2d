import Configuration
import Foundation
import Testing

private struct Machine: Equatable {
  var name: String
  var cores: Double
}

/// What is wrong with a text, as `build` reads it.
private func issues<Value>(
  _ text: String, _ build: (ConfigurationNode) -> Value?
) -> [String] {
  do {
    _ = try ConfigurationFile(text: text, name: "f").read(build)
    return []
  } catch {
    return error.issues.map(\.description)
  }
}

private func machine(_ node: ConfigurationNode) -> Machine? {
  let name = node.string("name", required: true)
  let cores = node.number("cores", in: .above(0, to: 64), required: true)
  guard let name, let cores else { return nil }
  return Machine(name: name, cores: cores)
}

@Suite struct ConfigurationTests {
  @Test(arguments: [
    "name: a\ncores: 2.5\n", #"{"name": "a", "cores": 2.5}"#, "{name: 'a', cores: 2.5e0} # note",
  ]) func `YAML and JSON are read`(text: String) throws {
    let value = try ConfigurationFile(text: text, name: "f").read(machine)
    #expect(value == Machine(name: "a", cores: 2.5))
  }

  @Test func `everything wrong is told at once, in the order of the file`() {
    let text = """
      machines:
        - { name: a, cores: 0 }
        - cores: many
          core: 3
        - { name: "", cores: "2" }
      colour: blue
      """
    let found = issues(text) { root in root.list("machines")?.map(machine) }
    #expect(
      found == [
        "2:23: machines[0].cores: is 0; expected more than 0 and at most 64",
        "3:5: machines[1].name: is missing",
        "3:12: machines[1].cores: is 'many'; expected a number",
        "4:5: machines[1].core: is not known here; did you mean 'cores'?",
        "5:13: machines[2].name: is ''; expected a name or a text",
        "5:24: machines[2].cores: is '2'; expected a number",
        "6:1: colour: is not known here; expected one of machines",
      ])
  }

  @Test func `each kind of value is read and refused`() throws {
    let text = """
      n: 1_000
      share: 1.5
      on: yes please
      off: false
      gap: 90s
      long: 2h
      bare: 3
      back: -1s
      pick: fsat
      list: [1, 2, x]
      three: [1, 2, 3]
      whole: 1.5
      none: null
      inf: .inf
      """
    enum Speed: String, CaseIterable { case fast, slow }
    var seen: [String] = []
    let found = issues(text) { root -> Int? in
      seen.append("\(root.integer("n", in: 1...5000) ?? -1)")
      _ = root.number("share", in: .share)
      _ = root.flag("on")
      seen.append("\(root.flag("off") ?? true)")
      seen.append("\(root.seconds("gap") ?? -1) \(root.seconds("long") ?? -1)")
      seen.append("\(root.seconds("bare") ?? -1) \(root.number("none") ?? -7)")
      _ = root.seconds("back")
      _ = root.choice("pick", of: Speed.self)
      _ = root.numbers("list")
      seen.append("\(root.numbers("three", count: 3) ?? [])")
      _ = root.numbers("three", count: 4)
      _ = root.integer("whole", in: 0...9)
      _ = root.number("inf")
      root.problem(at: "three[1]", "is even")
      return 1
    }
    #expect(seen == ["1000", "false", "90.0 7200.0", "3.0 -7.0", "[1.0, 2.0, 3.0]"])
    #expect(
      found == [
        "2:8: share: is 1.5; expected at least 0 and at most 1",
        "3:5: on: is 'yes please'; expected true or false",
        "8:7: back: is '-1s'; expected at least 0 seconds",
        "9:7: pick: is 'fsat'; expected one of fast, slow; did you mean 'fast'?",
        "10:14: list[2]: is 'x'; expected a number",
        "11:8: three: is a list of 3; expected a list of 4 numbers",
        "11:12: three[1]: is even",
        "12:8: whole: is 1.5; expected a whole number",
        "14:6: inf: is '.inf'; expected a number",
      ])
  }

  @Test(arguments: [
    ("a: [1,", "f:2:1: is not YAML"), ("- 1\n- 2\n", "f:1:1: is a list of 2; expected keys"),
    ("a: 1\nb: 2\na: 3\n", "there twice: 'a'"), ("a: *b\n", "undefined alias"),
    ("name: x\n---\nname: y\n", "f:2:1: is not YAML"), ("", "name: is missing"),
    (String(repeating: "[", count: 100_000), "is not YAML"),
    (String(repeating: "- ", count: 100_000), "is not YAML"), ("a: \u{1}\n", "is not YAML"),
  ]) func `what is no configuration is refused`(text: String, message: String) {
    do {
      _ = try ConfigurationFile(text: text, name: "f").read(machine)
      Issue.record("it was read")
    } catch {
      #expect(error.description.contains(message), "\(error)")
    }
  }

  @Test func `a file that is not there is told`() {
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: "/nowhere.yaml") }
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: "/") }
  }

  @Test func `the nearest name is found`() {
    let names = ["first-fit", "best-fit", "random", "min-min"]
    #expect(nearestName(to: "best-fti", among: names) == "best-fit")
    #expect(nearestName(to: "Radnom", among: names) == "random")
    #expect(nearestName(to: "minmin", among: names) == "min-min")
    #expect(nearestName(to: "tetris", among: names) == nil)
    #expect(nearestName(to: "a", among: ["b", "ab"]) == "ab")
    #expect(suggestion(for: "fist-fit", among: names) == "; did you mean 'first-fit'?")
    #expect(suggestion(for: "x", among: [String]()) == "")
  }

  /// Nodes and what is noted of them know each other; that ends with the reading.
  @Test func aTreeGoesWhenItIsRead() throws {
    weak var root: ConfigurationNode?
    weak var inner: ConfigurationNode?
    let value = try ConfigurationFile(text: "a: { b: 1 }", name: "x").read { node -> Int? in
      root = node
      inner = node.object("a")
      return inner?.integer("b", in: 0...9)
    }
    #expect(value == 1 && root == nil && inner == nil)
    #expect(throws: ConfigurationError.self) {
      try ConfigurationFile(text: "a: 1", name: "x").read { node -> Int? in
        root = node
        return node.integer("a", in: 5...9)
      }
    }
    #expect(root == nil)
  }

  @Test func noTextHasTheCharacterNUL() throws {
    for text in [#"{"name": "a\u0000b"}"#, #"name: "\0""#, #"{"na\u0000me": "a"}"#] {
      let error = try #require(throws: ConfigurationError.self) {
        try ConfigurationFile(text: text, name: "f").read { $0.string("name") }
      }
      #expect(error.issues.contains { $0.message.contains("character NUL") && $0.line == 1 })
    }
  }

  /// JSON has characters that YAML refuses, folds or writes otherwise. NUL alone is refused.
  @Test func stringsOfJSONAreWhatTheyAre() throws {
    var random = SystemRandomNumberGenerator()
    let odd: [Unicode.Scalar] = [
      "\u{7f}", "\u{80}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{ffff}",
      "\u{1f600}", "\u{10ffff}",
      "\"", "\\", "/", "'", "#", "{", "\t", "\n", "a", "u", "\u{e9}", ":", " ",
    ]
    for _ in 0..<300 {
      var name = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        name.append(odd.randomElement(using: &random)!)
      }
      // Yams takes a byte order mark off a string's beginning.
      while name.first == "\u{feff}" { name.removeFirst() }
      if name.isEmpty { continue }
      let text = String(name)
      let data = try JSONSerialization.data(withJSONObject: ["name": text, "cores": 1])
      let raw = String(decoding: data, as: UTF8.self)
      // As Python's json.dumps writes it.
      let plain = raw.utf16.map {
        $0 < 0x7f ? String(Unicode.Scalar(UInt8($0))) : String(format: "\\u%04x", Int($0))
      }
      .joined()
      for written in [raw, plain] {
        let value = try ConfigurationFile(text: written, name: "f").read(machine)
        #expect(Array(value.name.unicodeScalars) == Array(name), "\(text.debugDescription)")
      }
    }
  }

  @Test func aCharacterThatYAMLRefusesHasAPlace() {
    #expect(
      issues("name: a\ncores: \u{9b}1\n", machine) == [
        "2:8: is not YAML: control characters are not allowed (U+009B)"
      ])
    #expect(issues(#"{"name": "\ud800", "cores": 1}"#, machine).count == 1)
  }
}
