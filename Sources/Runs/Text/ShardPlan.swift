import Foundation
import Quoting
import Tables
import Workload

/// Scripts that do a command in shards: one script for a shard, one for the merge, and for each engine one
/// that runs them. What a user wrote stands in the first two only, as words of the shell.
public struct ShardPlan: Sendable {
  /// How many shards.
  public var shards: Int
  /// Where the scripts change to first: what relative paths in the command begin from.
  public var folder: String
  /// Where shards leave what they did.
  public var work: String
  /// The words of a shard's command, without what tells shards apart and where the output goes.
  public var shard: [String]
  /// The ending of what a shard writes: a file, or nothing for a folder.
  public var ending: String
  /// The commands that merge, each its words; nil stands for what the shards wrote.
  public var merges: [[String?]]
  /// How many times all shards are done, each time knowing what they did before.
  public var rounds = 1
  /// Threads of a shard.
  public var threads = 1
  /// Memory of a shard in MiB, for a cluster that has to be told.
  public var memory = 1024
  /// Minutes of a shard, likewise.
  public var minutes = 60

  /// A plan.
  public init(
    shards: Int, folder: String, work: String, shard: [String], ending: String,
    merges: [[String?]]
  ) {
    (self.shards, self.folder, self.work) = (shards, folder, work)
    (self.shard, self.ending, self.merges) = (shard, ending, merges)
  }

  /// The scripts by name.
  public var files: [(name: String, text: String)] {
    [
      ("shard.sh", shardScript), ("merge.sh", mergeScript), ("plain.sh", plainScript),
      ("parallel.sh", parallelScript), ("array.sbatch", arrayScript), ("Makefile", makefile),
    ]
  }

  private func quoted(_ words: [String]) -> String {
    words.map(Quoting.shell).joined(separator: " ")
  }

  private var beginning: String {
    """
    set -euo pipefail
    cd \(Quoting.shell(folder))
    work=\(Quoting.shell(work))

    """
  }

  private var isInRounds: Bool { rounds > 1 }

  private var shardScript: String {
    let ofRounds = """
      round=$1
      shift
      if [ "$round" -lt 1 ] || [ "$round" -gt \(rounds) ]; then
        echo "shard.sh: rounds are numbered from 1 to \(rounds)" >&2
        exit 2
      fi
      known=()
      for before in $(seq 1 $((round - 1))); do
        mkdir -p "$work/$before"
        known+=(--known "$work/$before")
      done
      work=$work/$round

      """
    return """
      #!/usr/bin/env bash
      # Does one of \(shards) shards\(isInRounds ? " of a round" : ""), unless it was done: bash shard.sh \(isInRounds ? "ROUND " : "")NUMBER
      \(beginning)\(isInRounds ? ofRounds : "")number=$1
      if [ "$number" -lt 1 ] || [ "$number" -gt \(shards) ]; then
        echo "shard.sh: shards are numbered from 1 to \(shards)" >&2
        exit 2
      fi
      mkdir -p "$work"
      if [ -e "$work/$number.done" ]; then exit 0; fi
      "${TRACEMILL:-tracemill}" \(quoted(shard)) --threads \(threads) \(isInRounds ? "${known[@]+\"${known[@]}\"} " : "")\\
        --shard "$number/\(shards)" -o "$work/$number"\(ending)
      : > "$work/$number.done"

      """
  }

  private var mergeScript: String {
    let lines = merges.map { words in
      "\"${TRACEMILL:-tracemill}\" "
        + words.map { $0.map(Quoting.shell) ?? "\"${files[@]}\"" }.joined(separator: " ")
    }
    let file = ending.isEmpty ? "$number/results.sqlite" : "$number\(ending)"
    // What a round lacks, the last command runs itself.
    let files =
      isInRounds
      ? "files=(\"$work\"/*/*\(ending))"
      : """
      files=()
      for number in $(seq 1 \(shards)); do files+=("$work/\(file)"); done
      """
    return """
      #!/usr/bin/env bash
      # Joins what all shards did.
      \(beginning)\(files)
      \(lines.joined(separator: "\n"))

      """
  }

  /// `command` for every round, with the round's number for the shards.
  private func eachRound(_ command: (String) -> String) -> String {
    guard isInRounds else { return command("") }
    return "for round in $(seq 1 \(rounds)); do\n  \(command("\"$round\" "))\ndone"
  }

  private var plainScript: String {
    let all = eachRound {
      "for number in $(seq 1 \(shards)); do bash \"$here/shard.sh\" \($0)\"$number\"; done"
    }
    return """
      #!/usr/bin/env bash
      # One shard after another, then the merge. What was interrupted goes on when it is run again.
      set -euo pipefail
      here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
      \(all)
      bash "$here/merge.sh"

      """
  }

  private var parallelScript: String {
    let all = eachRound {
      "seq 1 \(shards) | parallel --retries 3 bash \"$here/shard.sh\" \($0){}"
    }
    return """
      #!/usr/bin/env bash
      # With GNU parallel, as many shards at once as there are cores; a shard that fails is tried three times.
      set -euo pipefail
      here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
      \(all)
      bash "$here/merge.sh"

      """
  }

  private var arrayScript: String {
    let submission =
      isInRounds
      ? """
      #   job=; for round in $(seq 1 \(rounds)); do
      #     job=$(sbatch --parsable ${job:+--dependency=afterok:$job} array.sbatch $round); done
      #   sbatch --dependency=afterok:$job --wrap 'bash merge.sh'
      """
      : "#   job=$(sbatch --parsable array.sbatch) && sbatch --dependency=afterok:$job --wrap 'bash merge.sh'"
    return """
      #!/usr/bin/env bash
      #SBATCH --job-name=tracemill
      #SBATCH --array=1-\(shards)
      #SBATCH --cpus-per-task=\(threads)
      #SBATCH --mem=\(memory)M
      #SBATCH --time=\(minutes)
      #SBATCH --requeue
      # From the folder that this file is in:
      \(submission)
      # Shards that were done are not done again, so the same line goes on where it was.
      set -euo pipefail
      cd "${SLURM_SUBMIT_DIR:-.}"
      exec bash shard.sh \(isInRounds ? "\"$1\" " : "")"$SLURM_ARRAY_TASK_ID"

      """
  }

  private var makefile: String {
    let all =
      isInRounds
      ? """
      all:
      \tset -e; for round in $$(seq 1 \(rounds)); do $(MAKE) round ROUND=$$round; done
      \tbash merge.sh
      round: $(numbers)
      """
      : """
      all: $(numbers)
      \tbash merge.sh
      """
    return """
      # make -j8 -k: shards side by side, then the merge.
      numbers := $(shell seq 1 \(shards))
      .PHONY: all \(isInRounds ? "round " : "")$(numbers)
      \(all)
      $(numbers):
      \tbash shard.sh \(isInRounds ? "$(ROUND) " : "")$@

      """
  }

  /// Writes the scripts to a folder, which is made if need be.
  ///
  /// - Returns: their paths.
  /// - Throws: ``RunError`` or `TraceError` where that cannot be.
  public func write(to path: String) throws -> [String] {
    try ensureFolder(path)
    return try files.map { name, text in
      let file = try OutputFile(path: path + "/" + name)
      try file.write(text)
      try file.commit()
      return path + "/" + name
    }
  }
}
