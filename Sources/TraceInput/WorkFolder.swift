import Diagnostics
import Foundation
import Tables

/// A folder beside an output in which the finished parts of a conversion are kept, so that one that
/// was interrupted can go on from them.
///
/// It holds a mark, by which it is known, and a file for each finished part. Part files appear when
/// they are complete, state what they were made from, and end with their checksum: what does not
/// fit the input any more, or is damaged, is made again.
public struct WorkFolder: Sendable {
  /// The folder.
  public let path: String

  private static let mark = "tracemill-work"

  /// Opens the folder at `path`, or makes it.
  ///
  /// - Throws: `TraceError` if there is something else at `path`, or it cannot be made.
  public init(path: String) throws(TraceError) {
    self.path = path
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      let names =
        isFolder.boolValue ? try? FileManager.default.contentsOfDirectory(atPath: path) : nil
      guard let names, names.contains(Self.mark) || names.allSatisfy({ $0.hasPrefix(Self.mark) })
      else {
        throw TraceError(
          .inputOutput, "not a work folder of an interrupted conversion: remove or rename it",
          file: path)
      }
      // What a killed process was writing.
      for name in names where name.contains(".partial-") { unlink(path + "/" + name) }
    } else {
      do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      } catch {
        throw TraceError(.inputOutput, "cannot make the work folder", file: path)
      }
    }
    let file = try OutputFile(path: path + "/" + Self.mark)
    try file.write("Finished parts of an interrupted conversion; --resume goes on from them.\n")
    try file.commit()
  }

  /// Removes it with all that it holds.
  public func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The file of a part.
  package func file(ofPart part: Int) -> String { "\(path)/part-\(part).lives" }
}
