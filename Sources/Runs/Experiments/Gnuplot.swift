import Foundation

/// Runs gnuplot, where the search path has it.
package enum Gnuplot {
  private static let program: String? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/gnuplot" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Whether it is there.
  package static var isInstalled: Bool { program != nil }

  /// Runs scripts, one after another.
  ///
  /// - Parameters:
  ///   - scripts: files in `folder`.
  ///   - folder: where they write to.
  /// - Returns: false if there is no gnuplot.
  /// - Throws: `RunError` with gnuplot's own words if one fails.
  package static func run(_ scripts: [String], in folder: String) throws -> Bool {
    guard let program else { return false }
    // Warnings may be many: a file takes them all, where a pipe would fill and both sides wait.
    let log = FileManager.default.temporaryDirectory.appendingPathComponent(
      "tracemill-gnuplot-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    // A name that begins with `-` would be an option.
    process.arguments = scripts.map { "./" + $0 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
      let line = words.split(separator: "\n").last { !$0.allSatisfy { $0 == " " || $0 == "^" } }
      throw RunError(message: "\(folder): gnuplot failed: \((line ?? "").prefix(300))")
    }
    return true
  }
}
