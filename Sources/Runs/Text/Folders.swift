import Foundation

/// Makes a folder, and those above it, where there is none.
///
/// - Throws: ``RunError`` that says why it cannot be made.
package func ensureFolder(_ path: String) throws(RunError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw RunError(message: "\(path): cannot be made: \(error.localizedDescription)")
  }
}
