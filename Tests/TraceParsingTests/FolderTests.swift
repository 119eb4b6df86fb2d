import Diagnostics
import Foundation
import Testing

@testable import Tables

/// A folder appears when it is complete, and leaves nothing otherwise.
@Suite struct FolderTests {
  @Test func aFolderAppearsWhenItIsComplete() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/out"
    do {
      let folder = try OutputFolder(path: path)
      let file = try folder.file("a.json")
      try file.write("{}")
      try file.commit()
      try folder.makeFolder("deep")
      #expect(!FileManager.default.fileExists(atPath: path))
      // Somebody else's unfinished folder of the same output stays.
      let other = try OutputFolder(path: path)
      #expect(other.staging != folder.staging)
      try folder.commit()
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    #expect(names == ["out"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["a.json", "deep"])
    #expect(throws: TraceError.self) { try OutputFolder(path: path) }
  }
}
