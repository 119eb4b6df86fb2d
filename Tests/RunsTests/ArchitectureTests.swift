import Diagnostics
import Fitting
import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import TraceInput
import TraceParsing
import Workload
import WorkloadTestKit

/// The modules import what docs/architecture.md says, and nothing else.
@Suite struct ArchitectureTests {
  /// A line of the picture: `L1 Generation ← Configuration, Fitting`.
  private struct Module {
    var floor: Int
    var name: String
    var imports: Set<String>
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: packageRoot.appendingPathComponent(path), encoding: .utf8)
  }

  private func picture() throws -> [Module] {
    let document = try Self.text("docs/architecture.md")
    let block = try #require(document.components(separatedBy: "```graph\n").dropFirst().first)
    let lines = try #require(block.components(separatedBy: "```").first).split(separator: "\n")
    return try lines.map { line in
      let parts = line.components(separatedBy: "←")
      let words = parts[0].split(separator: " ").map(String.init)
      #expect(words.count == 2, "\(line)")
      let imports = parts.dropFirst().joined().split { ", ".contains($0) }.map(String.init)
      return Module(
        floor: try #require(Int(words[0].dropFirst())), name: words[1], imports: Set(imports))
    }
  }

  /// Modules of the system and of Swift, which any module may import.
  private static let system: Set<String> = [
    "Darwin", "Dispatch", "Foundation", "Glibc", "Musl", "Synchronization",
  ]

  private func files(of module: String) throws -> [URL] {
    let folder = packageRoot.appendingPathComponent("Sources/\(module)")
    let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (walk?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  private func imports(of module: String) throws -> Set<String> {
    var imports: Set<String> = []
    for file in try files(of: module) {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        var words = line.split(separator: " ").map(String.init)
        words.removeAll {
          $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0)
        }
        guard words.first == "import", words.count >= 2 else { continue }
        imports.insert(words[words.count > 2 ? words.count - 1 : 1])
      }
    }
    return imports
  }

  @Test func everyImportIsInThePicture() throws {
    let picture = try picture()
    for module in picture {
      let found = try imports(of: module.name).subtracting(Self.system)
      #expect(found == module.imports, "\(module.name)")
    }
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: packageRoot.appendingPathComponent("Sources").path)
    for folder in folders where try !files(of: folder).isEmpty {
      #expect(picture.contains { $0.name == folder }, "\(folder) is not in the picture")
    }
  }

  /// A module imports lower floors, and on its own floor what stands above it in the list; the three
  /// siblings never each other.
  @Test func nothingLooksUp() throws {
    let picture = try picture()
    let order = Dictionary(
      uniqueKeysWithValues: picture.enumerated().map { ($1.name, ($1.floor, $0)) })
    for module in picture {
      for name in module.imports {
        guard let (floor, place) = order[name], let own = order[module.name] else { continue }
        #expect((floor, place) < (own.0, own.1), "\(module.name) imports \(name)")
        let siblings: Set = ["TraceParsing", "Generation", "Simulation"]
        #expect(!(siblings.contains(module.name) && siblings.contains(name)))
      }
    }
  }

  /// Package.swift states what is imported: a dependency too few builds by luck, one too many costs time.
  @Test func thePackageStatesTheSame() throws {
    let manifest = try Self.text("Package.swift")
    for module in try picture() {
      let marks = ["\n      name: \"\(module.name)\"", "arget(name: \"\(module.name)\""]
      let start = try #require(
        marks.compactMap { manifest.range(of: $0) }.last, "\(module.name) is no target")
      let rest = manifest[start.upperBound...]
      let end = rest.range(of: "arget(")?.lowerBound ?? rest.endIndex
      var stated: Set<String> = []
      if let list = rest[..<end].range(of: "dependencies:") {
        var depth = 0
        var body = ""
        for character in rest[list.upperBound..<end] {
          if character == "[" { depth += 1 }
          if character == "]" { depth -= 1 }
          if depth > 0 { body.append(character) }
          if depth == 0, !body.isEmpty { break }
        }
        let names = body.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }
        var isPackage = false
        for (offset, name) in names {
          let before = body.components(separatedBy: "\"")[offset - 1]
          isPackage = before.contains("package:")
          if !isPackage { stated.insert(name) }
        }
      }
      #expect(stated == module.imports, "\(module.name)")
    }
  }

  /// No Foundation in the modules that everything stands on.
  @Test(arguments: ["Workload", "Simulation", "Fitting", "Quoting"])
  func noFoundation(_ module: String) throws {
    #expect(try !imports(of: module).contains("Foundation"))
  }

  /// The program parses, prints and hands on: what it does is in the libraries, for all other faces.
  @Test func theProgramIsThin() throws {
    let lines = try files(of: "tracemill").reduce(0) { sum, file in
      try sum + String(contentsOf: file, encoding: .utf8).count { $0 == "\n" }
    }
    #expect(lines < 3500, "move what it does to Runs")
  }

  /// What is trained and simulated is the same on every machine: elementary functions are PortableMath's there, since
  /// those of a C library differ in the last place by its version and the processor's instructions.
  @Test(arguments: ["MARL", "Simulation"])
  func noMathematicsOfTheCLibrary(_ module: String) throws {
    let calls = try Regex(#"(^|[^.\w])(exp|log|pow|sin|cos|tanh|log2|log10|log1p|expm1)f?\("#)
    for file in try files(of: module) {
      let text = try String(contentsOf: file, encoding: .utf8)
      let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      guard code.contains(where: { $0.firstMatch(of: calls) != nil }) else { continue }
      #expect(text.contains("import PortableMath"), "\(file.lastPathComponent)")
      #expect(
        !text.contains("import Glibc") && !text.contains("import Foundation"),
        "\(file.lastPathComponent)")
    }
  }

  /// What the document shows is what is compiled and run here.
  @Test func theExamplesAreTheDocuments() throws {
    let examples = try Self.text("Tests/RunsTests/ExtensionExamples.swift")
    let blocks = try Self.text("docs/architecture.md").components(separatedBy: "```swift\n")
      .dropFirst().compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count == 5)
    for block in blocks { #expect(examples.contains(block), "\(block.prefix(60))") }
  }
}

/// The examples of docs/architecture.md do what they say.
@Suite struct ExtensionTests {
  private func layout() throws -> ClusterLayout {
    try ClusterLayout(.studyTiers(machines: 4), seed: 1)
  }

  @Test func aSchedulerASourceAndAMetric() throws {
    #expect(WorkloadTestKit.check { Metronome(count: 100) }.isEmpty)
    let report = try Simulator(cluster: layout(), policy: MostFreeCores(), seed: 1)
      .run(Metronome(count: 100))
    #expect(report.policy == "most-free-cores" && report.total[.finished] == 100)
    #expect(restarts.value(of: report) == 0)
  }

  /// Sampled where it is not in the catalogue, too.
  @Test func aScoredSchedulerIsSampled() throws {
    let report = try Simulator(
      cluster: layout(), policy: Sampled(MostFreeCores(), choices: 2, .uniform), seed: 1
    ).run(Metronome(count: 100))
    #expect(report.policy == "sampled:most-free-cores,d=2" && report.total[.finished] == 100)
  }

  @Test func aDistribution() throws {
    for parameters in Dagum.family.examples {
      let law = try Law(Dagum.family, parameters)
      for p in [1e-9, 0.01, 0.5, 0.99, 0.999999] {
        #expect(abs(law.cdf(law.quantile(p)) - p) < 1e-12)
      }
      var rng = RandomStream(seed: 3, name: "dagum")
      var (seen, cut): ([Double], [Double]) = ([], [])
      for _ in 0..<4000 {
        let (value, horizon) = (law.sample(using: &rng), law.quantile(0.2 + 0.8 * rng.uniform()))
        if value <= horizon { seen.append(value) } else { cut.append(horizon) }
      }
      let fit = try Sample(seen, censored: cut).fit(Dagum.family)
      #expect(fit.freeParameters == 3 && fit.censored == cut.count && cut.count > 500)
      for (estimate, truth) in zip(fit.parameters, parameters) {
        #expect(abs(estimate.value - truth) < 4 * estimate.standardError, "\(estimate)")
      }
      // The density is the derivative of the CDF.
      let x = law.quantile(0.4)
      let slope = (law.cdf(x * 1.0001) - law.cdf(x * 0.9999)) / (x * 0.0002)
      #expect(abs(slope / law.density(x) - 1) < 1e-6)
    }
  }

  @Test func aFormatOfTwoTables() throws {
    let folder = TemporaryFolder()
    try folder.write("id,submit_s,cores\n7,20,2\n5,10,1\n6,15,1\n", to: "t/jobs.csv")
    try folder.write("id,start_s,end_s\n5,12,40\n7,20,25.5\n", to: "t/ends.csv")
    let trace = try TraceOpener(formats: [TwoTableFormat()]).open(folder("t"))
    #expect(trace.tables.map(\.name) == ["jobs", "ends"])
    let stream = try trace.records(ReadOptions())
    var records: [TaskRecord] = []
    while let record = try stream.next() { records.append(record) }
    #expect(records.map(\.id.job) == [5, 6, 7])
    #expect(records.map(\.runTime.seconds) == [28, 0, 5.5])
    #expect(records.map(\.attempts) == [1, 0, 1])
    #expect(stream.report.rows == ["jobs": 3])
    try folder.write("id,start_s,end_s\n5,12,11\n", to: "t/ends.csv")
    let error = #expect(throws: TraceError.self) {
      try TraceOpener(formats: [TwoTableFormat()]).open(folder("t")).records(ReadOptions())
    }
    #expect(error?.line == 2 && error?.column == 3)
  }
}
