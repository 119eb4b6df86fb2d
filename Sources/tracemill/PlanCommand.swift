import ArgumentParser
import Diagnostics
import Foundation
import Runs
import TraceParsing
import Workload

/// `tracemill plan`: scripts that do a command in shards.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract:
      "Write scripts that do a convert, compare or sweep --find in shards: Slurm, GNU parallel, make, plain shell.",
    discussion: """
      The command is given as for one process, behind --. Written are shard.sh and merge.sh, which do the work, \
      and array.sbatch, parallel.sh, Makefile and plain.sh, each of which runs them. What is done is not done \
      again, so each goes on where it was when it is run again. TRACEMILL names the program, if it is not found.

      Examples:
        tracemill plan --shards 64 -o plan -- convert /data/task_events -o tasks.parquet
        tracemill plan --shards 128 -o plan -- compare --experiment mine.yaml -o mine
        tracemill plan --shards 16 -o plan -- sweep --experiment mine.yaml --vary load=0.3:1.1 \
      --find 'load where wait_p99_s < 60' --seeds 50 -o found
        bash plan/plain.sh
        make -C plan -j 8
      """)

  @Option(help: ArgumentHelp("How many shards.", valueName: "number"))
  var shards: Int

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the scripts go.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Where shards leave what they did; OUTPUT.shards beside the command's output if not given.",
      valueName: "folder"))
  var work: String?

  @Option(help: ArgumentHelp("Threads, and so cores, of a shard.", valueName: "number"))
  var threads = 1

  @Option(help: ArgumentHelp("Memory of a shard in array.sbatch.", valueName: "MiB"))
  var memory = 1024

  @Option(help: ArgumentHelp("Time limit of a shard in array.sbatch.", valueName: "minutes"))
  var minutes = 60

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("convert, compare or sweep --find, with its options.", valueName: "command"))
  var command: [String] = []

  mutating func validate() throws {
    guard (1...Shard.limit).contains(shards) else {
      throw ValidationError("--shards is from 1 to \(Shard.limit)")
    }
    guard (1...4096).contains(threads), (1...1 << 24).contains(memory),
      (1...1 << 24).contains(minutes)
    else { throw ValidationError("--threads, --memory and --minutes are at least 1") }
    guard ["convert", "compare", "sweep"].contains(command.first) else {
      throw ValidationError(
        "behind -- comes what is to be done: convert, compare or sweep --find, with its options")
    }
  }

  func run() throws {
    var plan =
      try command[0] == "convert" ? conversion() : command[0] == "sweep" ? search() : comparison()
    (plan.threads, plan.memory, plan.minutes) = (threads, memory, minutes)
    let written = try plan.write(to: output)
    try writeOutput(
      json
        ? jsonText(["shards": shards, "work": plan.work, "written": written]) + "\n"
        : written.map { "wrote    \(FileName.printed($0))\n" }.joined())
  }

  private func conversion() throws -> ShardPlan {
    let parsed = try ConvertCommand.parse(Array(command.dropFirst()))
    guard let file = parsed.output, !parsed.dryRun, !parsed.resume, parsed.shard == nil,
      !parsed.printMapping, parsed.input != "-"
    else {
      throw ValidationError(
        "a conversion in shards has an input and an output that are files; --dry-run, --resume, --shard and "
          + "--print-mapping have no place in it")
    }
    let work = parsed.reading.work
    return .conversion(
      Array(command.dropFirst()), output: file,
      shared: [
        ("--temporary-directory", work.temporaryDirectory), ("--sort-buffer", "\(work.sortBuffer)"),
      ], shards: shards, folder: FileManager.default.currentDirectoryPath, work: self.work)
  }

  private func search() throws -> ShardPlan {
    let parsed = try SweepCommand.parse(Array(command.dropFirst()))
    guard let find = parsed.find, parsed.shard == nil, parsed.known.isEmpty else {
      throw ValidationError("a sweep in shards is one with --find, without --shard and --known")
    }
    return .search(
      Array(command.dropFirst()), rounds: SearchJob.rounds(find, parsed.vary[0]),
      output: parsed.output, shards: shards, folder: FileManager.default.currentDirectoryPath,
      work: work)
  }

  private func comparison() throws -> ShardPlan {
    let parsed = try CompareCommand.parse(Array(command.dropFirst()))
    guard parsed.shard == nil, !parsed.printExample else {
      throw ValidationError("--shard and --print-example have no place in a comparison in shards")
    }
    return .comparison(
      Array(command.dropFirst()), output: parsed.output, shards: shards,
      folder: FileManager.default.currentDirectoryPath, work: work)
  }
}
