import ArgumentParser
import Configuration
import Foundation
import Runs
import Simulation

/// `tracemill cluster`: what a specification of machines is, and what one comes to.
struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Print an example of a cluster file, or what machines a cluster has.",
    discussion: """
      Examples:
        tracemill cluster --print-example > mine.yaml
        tracemill cluster mine.yaml
        tracemill cluster --file clusterdata-2011-2 > mine.yaml
      """)

  @Argument(help: "The cluster, as for simulate.", completion: .file()) var cluster: String?

  @Flag(help: "Print a cluster file with comments, and do nothing else.")
  var printExample = false

  @Option(help: ArgumentHelp("What ranges are drawn with.", valueName: "number"))
  var seed: UInt64 = 1

  @Flag(help: "Print a cluster file of it, to be changed.") var file = false

  @Flag(help: "Print JSON.") var json = false

  @OptionGroup(title: "Reading") var reading: TraceOptions

  mutating func validate() throws {
    guard printExample != (cluster != nil) else {
      throw ValidationError("expected a cluster, or --print-example")
    }
  }

  func run() throws {
    guard let cluster else { return try writeOutput(ClusterSpec.example) }
    let named = try NamedCluster(cluster, reading: reading.settings())
    if file { return try writeOutput(named.file()) }
    let summary = try ClusterSummary(named.layout(seed: seed), name: cluster)
    try writeOutput(json ? jsonText(summary.object) + "\n" : summary.text)
  }
}
