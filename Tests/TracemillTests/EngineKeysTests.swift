import Configuration
import Experiments
import Foundation
import Testing

/// Every option of `simulate` that says how the engine works is a key of an experiment's `engine`.
@Suite struct EngineKeysTests {
  private func options() throws -> [String] {
    let help = try object(tracemill("--experimental-dump-help"))
    let root = try #require(help["command"] as? [String: Any])
    let commands = try #require(root["subcommands"] as? [[String: Any]])
    let simulate = try #require(commands.first { $0["commandName"] as? String == "simulate" })
    let arguments = try #require(simulate["arguments"] as? [[String: Any]])
    return arguments.compactMap { argument in
      let names = argument["names"] as? [[String: Any]] ?? []
      let name = names.compactMap { $0["name"] as? String }.first
      let isOfTheEngine = argument["sectionTitle"] as? String == "Engine"
      return isOfTheEngine || ["at-start", "ignore-constraints"].contains(name) ? name : nil
    }
  }

  @Test func everyOptionIsAKey() throws {
    let options = try options()
    #expect(options.count >= 28)
    for option in options {
      let words = option.split(separator: "-")
      let key = words.dropFirst().reduce(String(words[0])) { $0 + $1.capitalized }
      // A key without a value says nothing, and is known or not.
      let file = ConfigurationFile(text: "{\(key): null}", name: "engine.yaml")
      #expect(throws: Never.self, "\(option)") { try file.read { EngineSettings($0) } }
    }
    let unknown = ConfigurationFile(text: "{madeUp: null}", name: "engine.yaml")
    #expect(throws: ConfigurationError.self) { try unknown.read { EngineSettings($0) } }
  }

  @Test func theCommandLineChecksTheSameRanges() throws {
    for (option, value) in [
      ("--depth", "0"), ("--overcommit-cpu", "0"), ("--retries", "-1"), ("--network", "rack=0"),
      ("--failures", "0,1d,1h"),
    ] {
      let result = try tracemill(
        "simulate", "--workload", "study:tasks=5", "--cluster", "study:2", option + "=" + value)
      #expect(result.status == 2 && result.error.contains(option), "\(option)")
    }
  }
}
