import Foundation
import TestSupport
import Testing

/// `tracemill fit` as a program.
@Suite struct FitCommandTests {
  static let program = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
    .map { $0.deletingLastPathComponent() }
  static var path: String {
    let folder =
      program ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return folder.appendingPathComponent("tracemill").path
  }

  private func run(_ arguments: [String]) throws -> (status: Int32, out: String, error: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = ["fit"] + arguments
    let (out, error) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = error
    try process.run()
    let text = out.fileHandleForReading.readDataToEndOfFile()
    let said = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: said, as: UTF8.self)
    )
  }

  private func withNumbers<R>(_ lines: [String], _ body: (String, URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("numbers.csv")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    return try body(file.path, folder)
  }

  /// Quantiles of the exponential law of mean 50.
  private let values = (1...400).map { "\(-50 * log(Double($0) / 401))" }

  @Test func tableProfileAndPlots() throws {
    try withNumbers(["seconds"] + values) { file, folder in
      let output = folder.appendingPathComponent("profile.json").path
      let plots = folder.appendingPathComponent("plots").path
      let arguments = [
        file, "--families", "exponential,lognormal", "--p-value-error", "0.1", "-q", "-o", output,
        "--plots", plots,
      ]
      let first = try run(arguments)
      #expect(first.status == 0, "\(first.error)")
      #expect(first.out.contains("400 values from"))
      #expect(first.out.contains("exponential preferred to lognormal by AIC"))
      #expect(first.out.contains("which is Pareto shape"))
      let json = try Data(contentsOf: URL(fileURLWithPath: output))
      let tree = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      let provenance = try #require(tree["provenance"] as? [String: Any])
      #expect((provenance["sha256"] as? String)?.count == 64)
      for name in ["values-ccdf", "values-qq", "values-xmin"] {
        for ending in ["dat", "gnuplot"] {
          #expect(FileManager.default.fileExists(atPath: "\(plots)/\(name).\(ending)"))
        }
      }
      // The same seed gives the same bytes on another number of threads.
      let again = try run(arguments + ["--threads", "1"])
      #expect(again.out == first.out)
      #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == json)
    }
  }

  @Test func hashIsThatOfSha256sum() throws {
    try withNumbers(values) { file, _ in
      let digest = try Self.coreutils(file)
      let result = try run([file, "--json", "-q", "--families", "exponential"])
      #expect(digest.count == 64 && result.out.contains(digest))
    }
  }

  private static func coreutils(_ file: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sha256sum", file]
    let out = Pipe()
    process.standardOutput = out
    try process.run()
    let data = out.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(String(decoding: data, as: UTF8.self).prefix(64))
  }

  @Test func badInput() throws {
    try withNumbers(["x", "1", "0", "-2", "nan", "5", "7", "9"]) { file, _ in
      let refused = try run([file, "--column", "x", "-q"])
      #expect(refused.status == 1)
      #expect(refused.error.contains("the sample holds 1 zero, 1 negative, 1 NaN"))
      let dropped = try run([file, "--column", "x", "-q", "--drop-nonpositive"])
      #expect(dropped.status == 0 && dropped.out.contains("dropped 1 zero, 1 negative, 1 NaN"))
      #expect(dropped.out.contains("only 4 observations"))
      #expect(!dropped.out.contains("nan ") && !dropped.out.contains("± nan"))
      #expect(try run([file, "--column", "y", "-q"]).error.contains("no column 'y'"))
      #expect(try run([file, "--families", "normal"]).status == 2)
      #expect(try run([file, "--clamp", "5:1"]).status == 2)
    }
    try withNumbers(["60", "60", "60"]) { file, _ in
      let result = try run([file, "-q"])
      #expect(result.status == 0 && result.out.contains("a point mass"))
    }
    #expect(try run(["/no/such/file", "-q"]).status == 1)
  }

  /// Whoever interrupts a long fit has the laws that are fitted by then, and no half of a file.
  @Test func anInterruptedFitSaysWhatItKnows() throws {
    try withNumbers(values) { file, folder in
      let output = folder.appendingPathComponent("profile.json").path
      // A million replicates of each law would take minutes.
      let result = try tracemill(
        "fit", file, "--families", "exponential,weibull", "--no-tail", "--p-value-error", "0.0005",
        "-q", "-o", output, interruptAfter: 4)
      #expect(result.status != 0)
      #expect(result.error.contains("interrupted; nothing was written"))
      #expect(result.output.hasPrefix("interrupted: what was fitted until then"))
      // The mean of the values by the law's formula; its rate is the inverse.
      let numbers = values.compactMap { Double($0) }
      let mean = numbers.reduce(0.0) { $0 + $1 } / Double(numbers.count)
      let row = result.output.split(separator: "\n").first {
        $0.contains("exponential") && $0.contains("rate")
      }
      let words = (row ?? "").split(separator: " ")
      let rate = words.firstIndex(of: "rate").flatMap { place in
        place + 1 < words.count ? Double(String(words[place + 1])) : nil
      }
      // It is told to the digits of its standard error.
      #expect(abs((rate ?? 0) * mean - 1) < 0.01, "\(result.output)")
      #expect(result.output.contains("weibull"))
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  /// A profile for each user, whatever the name is, and for each priority.
  /// Attributes that were kept in a record file are chosen and told apart by.
  @Test func groupsAndChoicesOfAttributes() throws {
    let folder = TemporaryFolder()
    var rows = "job_id,user,submit_us,run_us,cpu_cores,memory_bytes,outcome,attempts,qos,gpu_spec\n"
    for job in 0..<300 {
      rows += "\(job),u,\(job * 1_000_000),\((1 + job * 7919 % 97) * 1_000_000),1,1,finished,1,"
      rows += "\(["LS", "BE", ""][job % 3]),\(["A100", "T4"][job % 2])\n"
    }
    try folder.write(rows, to: "t.csv")
    let made = try tracemill("convert", folder("t.csv"), "-o", folder("t.parquet"), "-q")
    #expect(made.status == 0 && !made.output.contains("lost"), "\(made.error)")
    let fit = try tracemill(
      "fit", folder("t.parquet"), "--by", "qos", "--families", "weibull", "--no-tail", "-q",
      "--select", "gpu_spec=A100")
    #expect(fit.status == 0, "\(fit.error)")
    #expect(fit.output.contains("\nLS: 50 tasks") && fit.output.contains("\nunknown: 50 tasks"))
    for (choice, count) in [("qos=LS", 100), ("qos=LS,BE", 200), ("run_us=1000000", 4)] {
      let seen = try object(
        tracemill("inspect", folder("t.parquet"), "--select", choice, "--json", "-q"))
      #expect((seen["tasks"] as? [String: Any])?["count"] as? Int == count, "\(choice)")
    }
    let wrong = try tracemill("inspect", folder("t.csv"), "--select", "qso=LS")
    #expect(wrong.status == 1 && wrong.error.contains("did you mean 'qos'"), "\(wrong.error)")
    let run = try tracemill(
      "simulate", "--workload", folder("t.parquet"), "--cluster", "study:10", "--select", "qos=BE",
      "--json", "-q")
    #expect(try object(run)["submitted"] as? Int == 100)
  }

  @Test func groupsOfAnyColumn() throws {
    let folder = TemporaryFolder()
    var rows = "job_id,user,priority,submit_us,run_us,cpu_cores,memory_bytes,outcome,attempts\n"
    for job in 0..<400 {
      let user = ["ann", "../x y", ""][job % 3]
      rows += "\(job),\(user),\(job % 2 * 9),\(job * 1_000_000),"
      rows += "\((1 + job * 7919 % 97) * (job % 3 == 0 ? 1000 : 1_000_000)),1,1,finished,1\n"
    }
    try folder.write(rows, to: "t.csv")
    let plots = folder("plots")
    let result = try tracemill(
      "fit", folder("t.csv"), "--by", "user", "--families", "weibull", "--no-tail", "-q",
      "-o", folder("p.json"), "--plots", plots)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("\nann: 134 tasks of 134 jobs"))
    #expect(result.output.contains("groups of jobs: "))
    let data = try Data(contentsOf: URL(filePath: folder("p.json")))
    let profile = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let groups = try #require(profile["classes"] as? [String: [String: Any]])
    #expect(Set(groups.keys) == ["ann", "../x y", "unknown"])
    let all = try #require(profile["all"] as? [String: Any])
    func mean(_ part: [String: Any]?) -> Double {
      (part?["runTime"] as? [String: Any])?["mean"] as? Double ?? .nan
    }
    #expect(groups["ann"]?["tasks"] as? Int == 134 && all["tasks"] as? Int == 400)
    #expect(mean(groups["ann"]) < mean(all) / 100)
    let files = try FileManager.default.contentsOfDirectory(atPath: plots)
    #expect(files.contains { $0.hasPrefix("ann-run-time") })
    #expect(files.allSatisfy { !$0.contains("/") })
    // Generated from group by group, in their mix.
    let made = try tracemill(
      "generate", folder("p.json"), "--tasks", "50", "-q", "-o", folder("g.csv"))
    #expect(made.status == 0, "\(made.error)")
    let byPriority = try tracemill(
      "fit", folder("t.csv"), "--by", "priority", "--families", "weibull", "--no-tail", "-q")
    #expect(byPriority.status == 0 && byPriority.output.contains("\n9: 200 tasks of 200 jobs"))
    let wrong = try tracemill("fit", folder("t.csv"), "--by", "usr")
    #expect(wrong.status != 0 && wrong.error.contains("user"))
  }
}
