import Foundation
import TestSupport
import Testing

/// The built program.
let tracemill: String = {
  let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
  let folder =
    bundle.map { URL(fileURLWithPath: $0.bundlePath).deletingLastPathComponent() }
    ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  return folder.appendingPathComponent("tracemill").path
}()

/// Runs it.
func tracemill(
  _ arguments: String..., input: [UInt8]? = nil, interruptAfter: Double? = nil
) throws -> ProgramResult {
  try run(tracemill, arguments, input: input, interruptAfter: interruptAfter)
}

/// The interpreter with the packages of Tests/requirements.txt.
let python: String? = {
  let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
  let local = packageRoot.appendingPathComponent(".venv/bin/python").path
  return [named, local].compactMap { $0 }.first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
}()

/// Why a test is skipped without it.
let noPython = "needs Python with Tests/requirements.txt; tools/test makes it"

/// Runs a script of Tests/Oracles; any Python will do for those that need the standard library only.
func oracle(_ script: String, _ arguments: [String]) throws -> ProgramResult {
  let path = packageRoot.appendingPathComponent("Tests/Oracles/\(script)").path
  return try run("/usr/bin/env", [python ?? "python3", path] + arguments)
}

/// JSON on standard output.
func object(_ result: ProgramResult) throws -> [String: Any] {
  let value = try JSONSerialization.jsonObject(with: Data(result.outputBytes))
  return try #require(value as? [String: Any])
}

let miniature = packageRoot.appendingPathComponent("data/google-2011-mini").path

/// Sorted paths of a table's parts.
func parts(_ folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
}
