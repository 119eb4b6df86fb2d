import Foundation
import TestSupport
import Testing

/// The interpreter with the packages of Tests/requirements.txt.
let python: String? = {
  let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
  let local = packageRoot.appendingPathComponent(".venv/bin/python").path
  return [named, local].compactMap { $0 }.first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
}()

/// What a script of Tests/Oracles prints when `input` is its standard input.
func oracle(_ script: String, input: String) throws -> Data {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: try #require(python))
  process.arguments = [packageRoot.appendingPathComponent("Tests/Oracles/\(script)").path]
  process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
  let pipe = Pipe()
  process.standardOutput = pipe
  try process.run()
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  try #require(process.terminationStatus == 0, "\(script) failed")
  return output
}
