import ArgumentParser
import Configuration
import Diagnostics
import Experiments
import ExternalSchedulers
import Foundation
import Runs
import Tables
import TraceParsing

/// The command line: names to types, printing, progress, exit codes. Everything else is in the
/// libraries.
@main
struct Tracemill: AsyncParsableCommand {
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
    version: Toolkit.version,
    subcommands: [
      ConvertCommand.self, MergeCommand.self, InspectCommand.self, VerifyCommand.self,
      FitCommand.self,
      GenerateCommand.self, SimulateCommand.self, CompareCommand.self, SweepCommand.self,
      CalibrateCommand.self,
      ReportCommand.self, PlanCommand.self, ClusterCommand.self,
      TrainCommand.self, FederateCommand.self, TuneCommand.self, EvaluateCommand.self,
      RoundsCommand.self, StagesCommand.self,
      CombineCommand.self,
    ])

  /// What is printed for the program's name alone.
  static let overview = """
    tracemill \(Toolkit.version): traces of data centres: read them, fit them, replay them under schedulers.

      look at a trace           tracemill inspect TRACE
      make it one file          tracemill convert TRACE -o tasks.parquet
      fit laws to it            tracemill fit tasks.parquet -o profile.json
      more of the same          tracemill generate profile.json --load 0.8 --cluster mine.yaml -o new.parquet
      write a cluster down      tracemill cluster --print-example > mine.yaml
      run a scheduler           tracemill simulate --workload tasks.parquet --cluster mine.yaml --timeline run.html
      compare schedulers        tracemill compare --print-example > mine-experiment.yaml
      how many machines?        tracemill sweep --workload tasks.parquet --cluster mine.yaml --scheduler first-fit --vary machines=8:40:4
      all of it explained       tracemill --help, tracemill help COMMAND

    """

  static func main() async {
    Interrupts.install()
    suggestCommand()
    if CommandLine.arguments.count == 1 {
      do { return try writeOutput(overview) } catch { fail("\(error)") }
    }
    do {
      var command = try parseAsRoot(Array(CommandLine.names.dropFirst()))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as TraceError {
      fail("\(error)")
    } catch let error as RunError {
      fail(error.message)
    } catch let error as StoreError {
      fail("\(error)")
    } catch let error as ConfigurationError {
      fail("\(error)")
    } catch let error as ForeignFailure {
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
    guard let name = CommandLine.names.dropFirst().first, !name.hasPrefix("-"),
      !names.contains(name)
    else { return }
    // Commands that speak to a cluster are another program: this one does not depend on an HTTP client.
    let isOfKube = ["record", "replay"].contains(name)
    let words =
      isOfKube
      ? "'\(name)' is a command of tracemill-kube (swift build --package-path Kubernetes; docs/kubernetes.md)"
      : unknownName("command", name, among: names)
    writeError("Error: \(words)\n")
    exit(2)
  }

  private static func fail(_ message: String) -> Never {
    OutputFile.removePartialFiles()
    writeError(Terminal.errors.strong("tracemill:") + " \(message)\n")
    exit(1)
  }

  private static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}

extension CommandLine {
  /// The arguments, those that name files in other encodings than UTF-8 included.
  fileprivate static let names = (0..<Int(argc)).compactMap { place in
    unsafeArgv[place].map { FileName.text($0) }
  }
}

/// A failure of the command line's own: one line, or several where several things are wrong; exit code 1.
typealias CommandFailure = RunError
