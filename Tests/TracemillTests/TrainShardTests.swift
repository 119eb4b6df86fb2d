import Foundation
import TestSupport
import Testing

/// `train --shard`: the policy of one process, whoever ran the episodes.
@Suite struct TrainShardTests {
  let folder = TemporaryFolder()

  private func ran(_ arguments: [String]) throws -> String {
    let result = try run(tracemill, arguments + ["-q"])
    #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.error)")
    return result.output
  }

  private func told(_ arguments: [String]) throws -> [String: Any] {
    let text = try ran(arguments + ["--json"])
    return try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(arguments: [
    "training: {candidates: 3, iterations: 2, episodes: 4, minibatch: 40, validationEvery: 2, validationEpisodes: 2}",
    "training: {candidates: 3, iterations: 0}\npolish: {pairs: 2, generations: 2, validationEpisodes: 2}",
  ])
  func shardsTrainWhatOneProcessTrains(training: String) throws {
    let scenario = try folder.write(
      "name: small\ncluster: tiers:10\nloads: [0.5]\ntasks: 40\n\(training)\n", to: "s.yaml")
    _ = try ran(["train", scenario, "-o", folder("one")])
    let shared = ["train", scenario, "-o", folder("all"), "--resume"]
    var (round, iterations) = (0, -1)
    while true {
      try #require(round < 30)
      let known = round > 0 ? ["--known", folder("r")] : []
      let state = try told(shared + known + ["--only-known", "--stop-after", "1"])
      if state["runs_of_round"] == nil {
        let polish = (state["polish"] as? [String: Any])?["decisions"] as? Int ?? 0
        let now = try #require(state["iterations"] as? Int) + polish
        if now == iterations { break }
        iterations = now
        continue
      }
      round += 1
      for number in [2, 1] {
        let file = folder("r/\(round)-\(number).rollouts")
        let share = try told(
          shared + known + ["--stop-after", "1", "--shard", "\(number)/2", "--rollouts", file])
        #expect(share["runs_of_round"] as? Int == state["runs_of_round"] as? Int || number == 1)
      }
    }
    #expect(round > 2)
    for name in ["policy.safetensors", "policy.curve.csv", "checkpoint.safetensors"] {
      #expect(try contents(folder("all/" + name)) == contents(folder("one/" + name)), "\(name)")
    }
    // Of another scenario.
    let other = try folder.write(
      "name: small\ncluster: tiers:10\nloads: [0.6]\ntasks: 40\n\(training)\n", to: "o.yaml")
    let refused = try run(
      tracemill, ["train", other, "-o", folder("x"), "--known", folder("r"), "-q"])
    #expect(refused.status == 1 && refused.error.contains("is of another training"))
  }
}
