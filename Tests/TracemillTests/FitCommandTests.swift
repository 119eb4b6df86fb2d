import Foundation
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
}
