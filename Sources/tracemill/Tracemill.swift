import ArgumentParser
import Configuration
import Experiments
import Foundation
import Quoting
import TraceParsing

/// The command line: names to types, printing, progress, exit codes. Everything else is in the
/// libraries.
@main
struct Tracemill: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "tracemill",
    abstract: "Data-centre traces: read them, look at them, replay them through schedulers.",
    discussion: """
      Examples:
        tracemill inspect clusterdata-2011-2
        tracemill convert clusterdata-2011-2 -o tasks.parquet
        tracemill compare --experiment study -o study
        tracemill help compare
        tracemill --generate-completion-script zsh > _tracemill   (or bash, fish)

      Exit codes: 0 success; 1 the input or the work failed; 2 wrong usage; 130, 143 or 129 \
      interrupted by SIGINT, SIGTERM or SIGHUP; 141 the reader of the output went away.

      Results go to standard output, progress and notes to standard error. Emphasis is for terminals \
      only; NO_COLOR switches it off.
      """,
    version: version,
    subcommands: [
      ConvertCommand.self, InspectCommand.self, VerifyCommand.self, FitCommand.self,
      GenerateCommand.self, SimulateCommand.self, CompareCommand.self, ReportCommand.self,
      TrainCommand.self, FederateCommand.self, TuneCommand.self, EvaluateCommand.self,
      CombineCommand.self,
    ])

  static func main() async {
    Interrupts.install()
    IdleThreads.end()
    suggestCommand()
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as TraceError {
      fail("\(error)")
    } catch let error as CommandFailure {
      fail(error.message)
    } catch let error as StoreError {
      fail("\(error)")
    } catch let error as ConfigurationError {
      fail("\(error)")
    } catch {
      let code = exitCode(for: error)
      guard code != .success else {  // --help, --version
        do { try writeOutput(fullMessage(for: error) + "\n") } catch { fail("\(error)") }
        return
      }
      writeError(fullMessage(for: error) + "\n")
      exit(code == .validationFailure ? 2 : 1)
    }
  }

  /// For a misspelt subcommand, which the argument parser takes for an odd argument.
  private static func suggestCommand() {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"),
      !names.contains(name)
    else { return }
    writeError("Error: \(unknownName("command", name, among: names))\n")
    exit(2)
  }

  private static func fail(_ message: String) -> Never {
    OutputFile.removePartialFiles()
    writeError(Terminal.errors.strong("tracemill:") + " \(message)\n")
    exit(1)
  }

  private static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}

/// A failure that is no `TraceError`; exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  /// A line, or several where several things are wrong; what a terminal would act on is written out.
  let message: String

  /// One thing is wrong.
  init(message: String) { self.init(lines: [message]) }

  /// What another error says: a line for each mistake of a configuration.
  init(_ error: any Error) {
    if let error = error as? ConfigurationError {
      self.init(lines: error.lines)
    } else {
      self.init(message: "\(error)")
    }
  }

  /// A line for each thing that is wrong.
  init(lines: [String]) { message = lines.map(Quoting.visible).joined(separator: "\n") }

  var description: String { message }
}
