import Foundation
import TestSupport
import Testing

/// Names that an input gives things, on their way through every command that prints or writes them.
@Suite struct HostileNameTests {
  let folder = TemporaryFolder()

  /// Metacharacters of every language that is generated, alone and behind marks that join them to one
  /// Character; what a shell, gnuplot, a browser, a spreadsheet or a terminal would run.
  static let names: [String] = {
    let marks = ["", "\u{600}", "\u{301}", "\u{200d}"]
    let metacharacters =
      (1..<0x20).map { String(Unicode.Scalar($0)) }
      + [
        "\u{7f}", "\u{9b}", "<", ">", "&", "\"", "'", "`", "\\", "$", "%", "_", "{", "}", "~", "^",
        "|", "*",
      ]
      + ["\u{202e}", "\u{2028}"]
    let joined = marks.map { mark in metacharacters.map { mark + $0 }.joined() + "end" }
    let attacks = [
      "`touch OWNED`", "\"\nsystem('touch OWNED')\n#", "a\n!touch OWNED\n", "$(touch OWNED)",
      "'.system('touch OWNED').'",
      "\u{600}<img src=x onerror=document.documentElement.dataset.owned=1>",
      "</script><script>document.documentElement.dataset.owned=1</script>",
      "\u{1b}]0;owned\u{7}\u{1b}[31m", "=HYPERLINK(\"x\")", "@sum", "+1", "-1", "\\input{OWNED}",
      "javascript:alert(1)", String(repeating: "<&'\"`", count: 20_000),
    ]
    return joined + attacks
  }()

  /// What a terminal would act on, in what a program printed.
  private func controls(_ result: ProgramResult) -> [Unicode.Scalar] {
    (String(decoding: result.outputBytes, as: UTF8.self) + result.error).unicodeScalars.filter {
      ($0.value < 0x20 && $0 != "\n") || (0x7f..<0xa0).contains($0.value)
        || (0x2028...0x202e).contains($0.value)
    }
  }

  /// A JSON string, which YAML reads too.
  private func quoted(_ name: String) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: [name], options: [.withoutEscapingSlashes])
    return String(String(decoding: data, as: UTF8.self).dropFirst().dropLast())
      .replacing("\u{7f}", with: "\\u007f").replacing("\u{9b}", with: "\\u009b")
      .replacing("\u{2028}", with: "\\u2028")
  }

  @Test func aComparisonOfHostileNamesRunsNothingAndLosesNothing() throws {
    let schedulers = try Self.names.map {
      "  - { name: \(try quoted($0)), policy: first-fit }\n"
    }.joined()
    let file = try folder.write(
      """
      name: \(try quoted(Self.names[0]))
      question: \(try quoted(Self.names[5]))
      workloads:
        - { name: \(try quoted(Self.names[1])), source: "study:tasks=20,cores=20" }
      clusters:
        - { name: \(try quoted(Self.names[4])), source: "study:3" }
      schedulers:
      \(schedulers)seeds: 2
      outputs: [json, csv, markdown, latex, html, svg]
      """, to: "hostile.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"))
    try #require(made.status == 0, "\(made.error.prefix(2000))")
    #expect(controls(made) == [])
    let again = try tracemill("report", folder("r/results.sqlite"), "-o", folder("s"))
    #expect(again.status == 0 && controls(again) == [])
    let json = try tracemill(
      "report", folder("r/results.sqlite"), "-o", folder("t"), "--json", "-q")
    #expect(controls(json) == [])

    // Nothing ran.
    let all =
      FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    #expect(all.filter { $0.contains("OWNED") } == [])
    #expect(!FileManager.default.fileExists(atPath: "OWNED"))

    // What is read back is the name.
    let printed = try JSONSerialization.jsonObject(with: Data(json.outputBytes))
    var texts: Set<[Unicode.Scalar]> = []
    func gather(_ value: Any) {
      switch value {
      case let text as String: texts.insert(Array(text.unicodeScalars))
      case let list as [Any]: list.forEach(gather)
      case let object as [String: Any]:
        object.keys.forEach(gather)
        object.values.forEach(gather)
      default: break
      }
    }
    gather(printed)
    for name in Self.names {
      #expect(texts.contains(Array(name.unicodeScalars)), "\(name.prefix(60).debugDescription)")
    }
    if let python {
      let script = try folder.write(
        """
        import csv, sys
        csv.field_size_limit(1 << 24)
        rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))
        for row in rows:
            for key in ("workload", "cluster", "scheduler"):
                assert row[key][:1] not in tuple("=+-@\\t\\r"), row[key][:40]
        print(len({row["scheduler"] for row in rows}))
        """, to: "cells.py")
      let read = try run(python, [script, folder("r/cells.csv")])
      #expect(read.output == "\(Self.names.count)\n", "\(read.error)")
    }
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"),
      "needs Chromium; tools/test installs it on Debian"))
  func aPageOfHostileNamesRunsNothing() throws {
    let attacks = Self.names.filter { $0.count < 200 }
    let schedulers = try attacks.map {
      "  - { name: \(try quoted($0)), policy: first-fit }\n"
    }.joined()
    let file = try folder.write(
      """
      name: \(try quoted("\u{600}</title><script>document.documentElement.dataset.owned=1</script>"))
      workloads: [{ name: w, source: "study:tasks=20,cores=20" }]
      clusters: ["study:3"]
      schedulers:
      \(schedulers)seeds: 2
      outputs: [html]
      """, to: "hostile.yaml")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "-q")
    try #require(made.status == 0, "\(made.error.prefix(2000))")
    let result = try oracle("hostile_page.py", ["/usr/bin/chromium", folder("r/report.html")])
    try #require(result.status == 0, "\(result.error)")
    let seen = try object(result)
    #expect(seen["owned"] as? Bool == false)
    #expect(seen["errors"] as? [String] == [])
    let heads = Set((seen["heads"] as? [String] ?? []).map { Array($0.unicodeScalars) })
    for name in attacks {
      #expect(heads.contains(Array(name.unicodeScalars)), "\(name.debugDescription)")
    }
    // The policy admits the page's own scripts and no other.
    #expect(seen["foreign"] as? Bool == false)
  }

  @Test func membersAndKeysOfInputsAreShownEscaped() throws {
    let yaml = try folder.write("\"k\\e]0;x\\a\": 1\n\"a\\nb\": 2\n", to: "k\u{1b}[31m.yaml")
    for arguments in [
      ["evaluate", yaml, "random", "first-fit"],
      ["compare", "--experiment", yaml, "-o", folder("o")],
      ["simulate", "--workload", yaml, "--cluster", "study:3"],
      ["simulate", "--scheduler", "a\u{1b}[2Jb", "--workload", "study:tasks=3"],
      ["inspect", folder("no\u{1b}]0;x\u{7}\nfile")], ["fit", folder("no\u{9b}file")],
      ["verify", folder("no\u{202e}file")], ["convert", folder("no\rfile"), "-o", folder("x.csv")],
      ["generate", "a\u{1b}b", "-o", folder("x.csv")],
    ] {
      let result = try run(tracemill, arguments, input: nil, interruptAfter: nil)
      #expect(result.status != 0)
      #expect(controls(result) == [], "\(arguments) \(result.error)")
    }
  }

  /// What SQLite and C libraries would cut off is refused where it comes in.
  @Test func noNameOfAnExperimentHasTheCharacterNUL() throws {
    for (key, value) in [
      ("name", "\"a\\0b\""), ("question", "\"\\u0000\""), ("workloads", "[\"study\\0\"]"),
      ("clusters", "[{ name: \"c\\0\", source: \"study:3\" }]"),
      ("schedulers", "[{ name: \"first-fit\\0\", policy: first-fit }]"), ("\"a\\0\"", "1"),
    ] {
      var keys = [
        "name": "x", "workloads": "[study]", "clusters": "[\"study:3\"]",
        "schedulers": "[first-fit]", "seeds": "1",
      ]
      keys[key] = value
      let file = try folder.write(
        keys.map { "\($0): \($1)\n" }.sorted().joined(), to: "nul.yaml")
      let result = try tracemill("compare", "--experiment", file, "-o", folder("o"))
      #expect(result.status == 1, "\(key)")
      #expect(
        result.error.contains("character NUL") && result.error.contains("nul.yaml:"),
        "\(key) \(result.error)")
      #expect(controls(result) == [])
    }
  }

  /// A field of CSV, quoted scalar by scalar.
  private func cell(_ name: String) -> String {
    var quoted = "\""
    for scalar in name.unicodeScalars {
      quoted.unicodeScalars.append(scalar)
      if scalar == "\"" { quoted.unicodeScalars.append(scalar) }
    }
    return quoted + "\""
  }

  /// Users' names in record files: through text and Parquet and back they are what they were.
  @Test func namesInRecordsComeBack() throws {
    let names = Self.names.filter { $0.utf8.count < 100_000 } + ["a\0b", "\0"]
    for (place, order) in [("first", names), ("last", names.reversed())] {
      let input = try folder.write(
        "job_id,submit_us,run_us,user\n"
          + order.enumerated().map { "\($0),\($0),1,\(cell($1))\n" }.joined(),
        to: place + ".csv")
      var from = input
      for to in ["a.csv", "b.parquet", "c.csv"].map({ folder(place + $0) }) {
        let result = try tracemill("convert", from, "-o", to, "--quiet")
        #expect(result.status == 0, "\(result.error)")
        #expect(controls(result).isEmpty)
        from = to
      }
      let text = try contents(folder(place + "a.csv"))
      #expect(try contents(folder(place + "c.csv")) == text)
      for name in names {
        let field = cell(name).utf8.dropFirst().dropLast()
        #expect(text.firstRange(of: Array(field)) != nil, "\(name.debugDescription)")
      }
    }
  }

  /// Users, machines and folders of hostile names, through the commands that fit, generate, simulate and sweep.
  @Test func tracesAndClustersOfHostileNamesRunNothing() throws {
    let names =
      Self.names.filter { $0.utf8.count < 100_000 } + ["a/../../OWNED", "-e", "--persist", "-"]
    var rows = "job_id,submit_us,run_us,user,cores_milli\n"
    for row in 0..<names.count * 24 {
      let name = cell(names[row % names.count])
      rows +=
        "\(row),\(row * 900_000 + row * row % 1000),\(1_000_000 + row * row % 7919 * 5000),\(name),1000\n"
    }
    let trace = try folder.write(rows, to: "`touch OWNED`$(touch OWNED).csv")
    let groups = try names.map { ["name": $0, "count": 1, "cores": 8] as [String: Any] }
    let data = try JSONSerialization.data(withJSONObject: ["groups": groups])
    let cluster = try folder.write(String(decoding: data, as: UTF8.self), to: "c;touch OWNED;.json")
    let out = folder("'a\"$(touch OWNED)`touch OWNED`\u{1b}[31m")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    for arguments in [
      ["inspect", trace], ["inspect", trace, "--html", out + "/page.html"],
      [
        "fit", trace, "--by", "user", "--no-tail", "--plots", out + "/plots", "-o",
        out + "/profile.json",
      ],
      ["fit", trace, "--by", "user", "--no-tail", "--json"],
      ["generate", out + "/profile.json", "--tasks", "500", "-o", out + "/more.csv"],
      ["cluster", cluster], ["cluster", cluster, "--json"],
      [
        "simulate", "--workload", trace, "--cluster", cluster, "--by", "user", "-o", out + "/o.csv",
        "--series", out + "/s.csv", "--machine-energy", out + "/e.csv", "--timeline",
        out + "/t.html",
        "--decisions", out + "/d.csv",
      ],
      [
        "simulate", "--workload", trace, "--cluster", cluster, "--timeline",
        out + "/t.perfetto-trace",
      ],
      [
        "sweep", "--workload", trace, "--cluster", cluster, "--scheduler", "first-fit", "--vary",
        "workload.scaleArrivals=1:2:1", "-o", out + "/sweep",
      ],
    ] {
      let result = try run(tracemill, arguments, input: nil, interruptAfter: nil)
      #expect(result.status == 0, "\(arguments) \(result.error.prefix(500))")
      #expect(controls(result) == [], "\(arguments)")
    }
    let all =
      FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    #expect(all.filter { $0.hasSuffix("OWNED") } == [])
    #expect(!FileManager.default.fileExists(atPath: "OWNED"))
    // Every user has a profile under the name of their own, and every script its picture.
    let profile =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: out + "/profile.json"))) as? [String: Any]
    let classes = try #require(profile?["classes"] as? [String: Any])
    for name in names {
      #expect(
        classes.keys.contains { Array($0.unicodeScalars) == Array(name.unicodeScalars) },
        "\(name.debugDescription)")
    }
    if all.contains(where: { $0.hasSuffix(".svg") }) {
      for script in all where script.hasSuffix(".gnuplot") {
        #expect(all.contains(script.replacing(".gnuplot", with: ".svg")), "\(script)")
      }
    }
  }

  @Test func policiesOfOneFileNameCompeteUnderNamesOfTheirOwn() throws {
    let policy = packageRoot.appendingPathComponent("data/policies/study-setting.safetensors").path
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: folder(name), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: policy, toPath: folder("\(name)/policy.safetensors"))
    }
    let arguments = [
      "--workload", "study:tasks=20", "--cluster", "study:100", "--seeds", "2", "-q",
    ]
    let made = try run(
      tracemill,
      [
        "compare", "--scheduler", "marl:\(folder("a"))/policy.safetensors", "--scheduler",
        "marl:\(folder("b"))/policy.safetensors", "--json", "-o", folder("r"),
      ] + arguments,
      input: nil, interruptAfter: nil)
    try #require(made.status == 0, "\(made.error)")
    #expect(
      made.output.contains("a-policy.safetensors") && made.output.contains("b-policy.safetensors"))
    let twice = try run(
      tracemill,
      ["compare", "--scheduler", "random", "--scheduler", "random", "-o", folder("s")] + arguments,
      input: nil, interruptAfter: nil)
    #expect(twice.status == 2 && twice.error.contains("--scheduler random is given twice"))
  }
}
