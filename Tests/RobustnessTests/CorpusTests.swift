import Foundation
import TestSupport
import Testing

/// What fuzzing found, and what reviews did: every file of `Corpus/TARGET` passes through its target.
@Suite struct CorpusTests {
  private static let folder = packageRoot.appendingPathComponent("Tests/RobustnessTests/Corpus")

  @Test(arguments: FuzzTarget.all.map(\.name))
  func whatWasFoundStaysMended(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let folder = Self.folder.appendingPathComponent(name)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(!files.isEmpty, "each target has something to begin with")
    for file in files { target.run(try contents(folder.appendingPathComponent(file).path)) }
  }
}
