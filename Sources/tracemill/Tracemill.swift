import ArgumentParser
import Configuration
import Experiments
import Foundation
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
      Exit codes: 0 success, 1 the input or the work failed, 2 wrong usage, 130 interrupted.
      """,
    version: version,
    subcommands: [
      ConvertCommand.self, InspectCommand.self, VerifyCommand.self, FitCommand.self,
      GenerateCommand.self, SimulateCommand.self, CompareCommand.self, ReportCommand.self,
    ])

  static func main() async {
    Interrupts.install()
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

  private static func fail(_ message: String) -> Never {
    OutputFile.removePartialFiles()
    writeError("tracemill: \(message)\n")
    exit(1)
  }

  private static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}

/// A failure that is no `TraceError`; printed as one line, exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}
