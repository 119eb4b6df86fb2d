import Foundation
import TestSupport
import Testing

/// What all subcommands have in common.
@Suite struct CommandLineTests {
  let folder = TemporaryFolder()

  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable { var name: String }
      var kind: String
      var names: [Name]?
      var abstract: String?
      var valueName: String?
      var shouldDisplay: Bool
    }
    var commandName: String
    var abstract: String?
    var discussion: String?
    var arguments: [Argument]?
    var subcommands: [Command]?
  }

  private func commands() throws -> [Command] {
    struct Dump: Decodable { var command: Command }
    let result = try tracemill("--experimental-dump-help")
    let root = try JSONDecoder().decode(Dump.self, from: Data(result.outputBytes)).command
    return try #require(root.subcommands).filter { $0.commandName != "help" }
  }

  @Test func everySubcommandHasExamplesAndTheSameOptions() throws {
    let commands = try commands()
    #expect(commands.count >= 12)
    for command in commands {
      let name = command.commandName
      #expect(command.abstract?.hasSuffix(".") == true, "\(name)")
      #expect(
        command.discussion?.contains("  tracemill \(name)") == true, "\(name): no example")
      let arguments = command.arguments ?? []
      let names = Set(arguments.flatMap { ($0.names ?? []).map(\.name) })
      for option in ["json", "quiet", "q", "verbose", "v", "help"] {
        #expect(names.contains(option), "\(name): no \(option)")
      }
      if names.contains("output") { #expect(names.contains("o"), "\(name)") }
      for argument in arguments where argument.shouldDisplay {
        #expect(argument.abstract?.isEmpty == false, "\(name): \(argument.valueName ?? "")")
      }
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsNameEverySubcommand(shell: String) throws {
    let script = try tracemill("--generate-completion-script", shell)
    #expect(script.status == 0 && script.error.isEmpty)
    for command in try commands() {
      #expect(script.output.contains(command.commandName), "\(command.commandName)")
    }
    #expect(script.output.contains("best-fit"))
    if shell == "bash" {
      let file = try folder.write(script.outputBytes, to: "tracemill.bash")
      let checked = try run("/bin/bash", ["-n", file])
      #expect(checked.status == 0, "\(checked.error)")
    }
  }

  @Test func exitCodesAreWhatTheHelpSays() throws {
    let help = try tracemill("--help")
    #expect(help.status == 0)
    #expect(help.output.contains("Exit codes: 0 success; 1 the input or the work failed; 2 wrong"))
    let none = folder("none")
    for arguments in [
      ["inspect", none], ["compare", "--experiment", none], ["report", none],
      ["train", none, "-o", none],
      ["tune", none, "-o", none], ["evaluate", none, "random"],
      ["combine", none, none, "--at", "0.5", "-o", none], ["verify", none], ["fit", none],
      ["convert", none, "-o", folder("x.csv")],
      ["simulate", "--workload", none, "--cluster", "study:5"],
      ["generate", none + ".yaml", "-o", folder("y.csv")],
    ] {
      let result = try run(tracemill, arguments)
      #expect(result.status == 1, "\(arguments): \(result.status)")
      let last = result.error.split(separator: "\n").last ?? ""
      #expect(last.hasPrefix("tracemill: ") && last.contains(none), "\(result.error)")
      #expect(result.output.isEmpty)
    }
    for command in try commands() {
      let result = try tracemill(command.commandName, "--no-such-option")
      #expect(result.status == 2, "\(command.commandName)")
    }
    let misspelt = try tracemill("compair")
    #expect(misspelt.status == 2 && misspelt.error.contains("did you mean 'compare'?"))
    #expect(try tracemill("report", none, "-q", "-v").status == 2)
  }

  /// On a terminal (made by script(1)), emphasis is there, and NO_COLOR and TERM=dumb switch it off.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "needs script(1)"),
    arguments: [("", "xterm", true), ("1", "xterm", false), ("", "dumb", false)])
  func emphasisIsForTerminals(noColor: String, term: String, isStyled: Bool) throws {
    let shown = try run(
      "/usr/bin/script", ["-qec", "\"\(tracemill)\" inspect \"\(folder("none"))\"", "/dev/null"],
      environment: ["NO_COLOR": noColor, "TERM": term])
    #expect(shown.output.contains("\u{1b}[1m") == isStyled, "\(shown.output)")
    let piped = try run(tracemill, ["inspect", folder("none")], environment: ["TERM": "xterm"])
    #expect(!piped.error.contains("\u{1b}"))
  }
}
