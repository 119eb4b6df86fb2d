extension ShardPlan {
  /// A conversion in shards, and their merge.
  ///
  /// - Parameters:
  ///   - words: those of `convert`, without its name.
  ///   - output: the file that it writes, as the words say.
  ///   - shared: options that shards and the merge both obey, with their values, if the words have them.
  ///   - shards: how many.
  ///   - folder: what relative paths begin from.
  ///   - work: where shards leave what they did; `OUTPUT.shards` if nil.
  public static func conversion(
    _ words: [String], output: String, shared: [(name: String, value: String)], shards: Int,
    folder: String, work: String?
  ) -> ShardPlan {
    var words = CommandWords(words)
    _ = words.take(["-o", "--output", "--threads"])
    _ = words.take(["--json"], isFlag: true)
    var merge = words.take([
      "--from", "--to", "--priority", "--select", "--sample", "--sample-seed", "--salt",
      "--to-format", "--rows-per-part",
    ])
    merge += words.take(["--anonymise"], isFlag: true)
    for (name, value) in shared where words.have(name) { merge += [name, value] }
    return ShardPlan(
      shards: shards, folder: folder, work: work ?? output + ".shards",
      shard: ["convert"] + words.left, ending: ".parts",
      merges: [["merge", nil, "-o", output] + merge])
  }

  /// A search in rounds of shards, and what it found.
  ///
  /// - Parameters:
  ///   - words: those of `sweep`, without its name.
  ///   - rounds: how many it takes at most.
  ///   - output: the folder that the words name; what was run is kept there, in `all.points`.
  ///   - shards: how many, of each round.
  ///   - folder: what relative paths begin from.
  ///   - work: where shards leave what they did; `OUTPUT/shards` if nil.
  public static func search(
    _ words: [String], rounds: Int, output: String, shards: Int, folder: String, work: String?
  ) -> ShardPlan {
    var words = CommandWords(words)
    _ = words.take(["-o", "--output", "--threads"])
    let json = words.take(["--json"], isFlag: true)
    let sweep = ["sweep"] + words.left
    let all = output + "/all.points"
    var plan = ShardPlan(
      shards: shards, folder: folder, work: work ?? output + "/shards", shard: sweep,
      ending: ".points",
      merges: [["merge", nil, "-o", all], sweep + json + ["--known", all]])
    plan.rounds = rounds
    return plan
  }

  /// A comparison in shards, the merge of their results, and the report unless the words say otherwise.
  ///
  /// - Parameters:
  ///   - words: those of `compare`, without its name.
  ///   - output: the folder that it writes to, as the words say.
  ///   - shards: how many.
  ///   - folder: what relative paths begin from.
  ///   - work: where shards leave what they did; `OUTPUT/shards` if nil.
  public static func comparison(
    _ words: [String], output: String, shards: Int, folder: String, work: String?
  ) -> ShardPlan {
    var words = CommandWords(words)
    _ = words.take(["-o", "--output", "--threads"])
    let chart = words.take(["--chart-library"])
    let json = words.take(["--json"], isFlag: true)
    let isBare = !words.take(["--no-report"], isFlag: true).isEmpty
    let results = output + "/results.sqlite"
    var merges: [[String?]] = [["merge", nil, "-o", results]]
    if !isBare { merges.append(["report", results] + chart + json) }
    return ShardPlan(
      shards: shards, folder: folder, work: work ?? output + "/shards",
      shard: ["compare"] + words.left, ending: "", merges: merges)
  }
}
