import Foundation
import TestSupport
import Testing

/// `train` and `federate` as a user meets them.
@Suite struct TrainTests {
  /// Whether the C library can be told to do without some of the processor's instructions.
  private static var canHideInstructions: Bool {
    #if os(Linux) && arch(x86_64) && canImport(Glibc)
      true
    #else
      false
    #endif
  }

  /// The same bytes on a processor with fused multiplications and wide vectors and, as far as the C library can be
  /// told so, on one without. That the versions of the kernels agree is shown by `KernelTests`.
  @Test(.enabled(if: canHideInstructions, "needs glibc on x86-64"))
  func theProcessorDoesNotMatter() throws {
    let folder = TemporaryFolder()
    let scenario = try scenario(folder)
    var seen: [Data] = []
    for tunables in ["", "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4"] {
      let out = folder("out\(seen.count)")
      let result = try run(
        tracemill, ["train", scenario, "-o", out, "--threads", "1", "-q"],
        environment: ["GLIBC_TUNABLES": tunables])
      #expect(result.status == 0, "\(result.error)")
      seen.append(try Data(contentsOf: URL(filePath: out + "/policy.safetensors")))
    }
    #expect(seen[0] == seen[1] && seen[0].count > 1000)
  }

  private func scenario(
    _ folder: TemporaryFolder, cluster: String = "cluster: tiers:10", training: String = "",
    more: String = ""
  ) throws -> String {
    try write(
      """
      name: small
      \(more.isEmpty ? cluster : more)
      loads: [0.5]
      tasks: 40
      training:
        candidates: 3
        iterations: 2
        episodes: 4
        minibatch: 40
        validationEvery: 1
        validationEpisodes: 1
      \(training)
      """, to: folder("scenario.yaml"))
    return folder("scenario.yaml")
  }

  private func write(_ text: String, to path: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private let clusters = """
    clusters:
      - {name: one, cluster: "tiers:8"}
      - name: two
        cluster: {groups: [{count: 6, cores: [8, 16], memoryGiB: 64, speed: 2, idleWatts: 90}]}
        workload: {base: study, mix: {production: 0.8, batch: 0.1, best-effort: 0.1}}
    federated: {proximal: 0.1}
    """

  @Test func anExplodingLossStopsAndTheLastGoodCheckpointStays() throws {
    let folder = TemporaryFolder()
    let good = try tracemill("train", try scenario(folder), "-o", folder("good"), "-q")
    #expect(good.status == 0, "\(good.error)")
    let path = try scenario(
      folder, training: "  learningRate: 1.0e+25\n  finalLearningRate: 1.0e+25")
    let result = try tracemill("train", path, "-o", folder("good"), "-q")
    #expect(result.status == 1)
    #expect(result.error.contains("training diverged in iteration"), "\(result.error)")
    #expect(result.error.contains("a smaller learning rate"))
    // What is there can be read: the policy of before, or the last good one of this training.
    let evaluated = try tracemill(
      "evaluate", path, "marl:" + folder("good/policy.safetensors"), "--seeds", "2")
    #expect(evaluated.status == 0, "\(evaluated.error)")
  }

  @Test func aScenarioWithNothingToDecideSaysSo() throws {
    let folder = TemporaryFolder()
    let path = try scenario(
      folder, cluster: "cluster: {groups: [{count: 3, cores: 0.25, memoryGiB: 0.5}]}")
    let result = try tracemill("train", path, "-o", folder("out"), "-q")
    #expect(result.status == 1)
    #expect(result.error.contains("no machine can take any of its tasks"), "\(result.error)")
    #expect(!FileManager.default.fileExists(atPath: folder("out/policy.safetensors")))
  }

  @Test func unsuitablePoliciesAreRefusedByName() throws {
    let folder = TemporaryFolder()
    let path = try scenario(folder)
    try write("not a checkpoint", to: folder("policy.safetensors"))
    for arguments in [
      ["evaluate", path, "marl:" + folder("policy.safetensors"), "--seeds", "2"],
      ["train", path, "-o", folder("out"), "--from", folder("policy.safetensors")],
      [
        "simulate", "--workload", "study:tasks=5", "--cluster", "tiers:10", "--scheduler",
        "marl:" + folder("policy.safetensors"),
      ],
    ] {
      let result = try run(tracemill, arguments)
      #expect(result.status == 1, "\(arguments)")
      #expect(
        result.error.contains(folder("policy.safetensors"))
          && result.error.contains("not a checkpoint"), "\(result.error)")
    }
    // A checkpoint of another scenario's training.
    #expect(try tracemill("train", path, "-o", folder("out"), "-q").status == 0)
    _ = try scenario(folder, training: "  seed: 7")
    let resumed = try tracemill("train", path, "-o", folder("out"), "-q", "--resume")
    #expect(resumed.status == 1 && resumed.error.contains("settings is"), "\(resumed.error)")
  }

  /// Two policies as one, polished where both act, without any training before.
  @Test func aCombinedPolicyIsPolishedInSeveralClusters() throws {
    let folder = TemporaryFolder()
    let first = try tracemill("train", try scenario(folder), "-o", folder("first"), "-q")
    #expect(first.status == 0, "\(first.error)")
    let policy = folder("first/policy.safetensors")
    let both = folder("both.safetensors")
    let combined = try tracemill("combine", policy, policy, "--at-run-time", "20", "-o", both)
    #expect(combined.status == 0, "\(combined.error)")
    // Of parts with other bounds, as the shipped policy is.
    let three = folder("three.safetensors")
    let byLoad = try tracemill(
      "combine", policy, policy, policy, "--at", "0.1", "--at", "0.6", "-o", three)
    #expect(byLoad.status == 0, "\(byLoad.error)")
    let mixed = try tracemill(
      "combine", three, policy, "--at-run-time", "20", "-o", folder("mixed.safetensors"))
    #expect(mixed.status == 0, "\(mixed.error)")
    let used = try tracemill(
      "simulate", "--workload", "study:tasks=50,load=0.5,cores=1400", "--cluster", "tiers:100",
      "--mode", "dispatch",
      "--gateways", "--heartbeat", "5s", "--exact-estimates", "--scheduler",
      "marl:" + folder("mixed.safetensors"), "-q")
    #expect(used.status == 0, "\(used.error)")
    let path = folder("polish.yaml")
    try write(
      """
      name: both
      \(clusters.components(separatedBy: "federated")[0])
      loads: [0.5]
      tasks: 40
      training: {candidates: 3, iterations: 0, gate: {runTimes: [20]}}
      polish: {generations: 2, pairs: 2, validationEvery: 1, validationEpisodes: 1}
      """, to: path)
    let whole = try tracemill("train", path, "--from", both, "-o", folder("whole"), "--json", "-q")
    #expect(whole.status == 0, "\(whole.error)")
    #expect(whole.output.contains("\"iterations\" : 0"), "\(whole.output)")
    for _ in 0..<2 {
      let part = try tracemill(
        "train", path, "--from", both, "-o", folder("part"), "--resume", "--stop-after", "1", "-q")
      #expect(part.status == 0, "\(part.error)")
    }
    let name = "policy.safetensors"
    #expect(try contents(folder("part/" + name)) == contents(folder("whole/" + name)))
    // One network is not two.
    let refused = try tracemill("train", path, "--from", policy, "-o", folder("no"), "-q")
    #expect(refused.status == 1)
    #expect(
      refused.error.contains("the policy to begin with has 1 networks; expected 2"),
      "\(refused.error)")
  }

  @Test func federatedTrainingResumesOnTheSameBytes() throws {
    let folder = TemporaryFolder()
    let path = try scenario(folder, more: clusters)
    let whole = try tracemill(
      "federate", path, "-o", folder("whole"), "--method", "fedavg", "fedprox", "pooled",
      "isolated", "--seeds", "2", "--workers", "1", "-q")
    #expect(whole.status == 0, "\(whole.error)")
    for method in ["fedavg", "fedprox", "pooled", "isolated, elsewhere"] {
      #expect(whole.output.contains(method))
    }
    for _ in 0..<2 {
      let part = try tracemill(
        "federate", path, "-o", folder("part"), "--resume", "--stop-after", "1", "--seeds", "0",
        "--workers", "3", "-q")
      #expect(part.status == 0, "\(part.error)")
    }
    for file in ["policy", "checkpoint"] {
      #expect(
        try contents(folder("part/fedavg/\(file).safetensors"))
          == contents(folder("whole/fedavg/\(file).safetensors")))
    }
    // Momentum, and the proximal term, make other policies.
    let pushed = try scenario(
      folder, more: clusters.replacingOccurrences(of: "{proximal", with: "{momentum: 0.7, proximal")
    )
    for part in ["pushed", "again"] {
      for _ in 0..<(part == "pushed" ? 1 : 2) {
        let run = try tracemill(
          "federate", pushed, "-o", folder(part), "--resume", "--seeds", "0", "-q",
          "--stop-after", part == "pushed" ? "9" : "1")
        #expect(run.status == 0, "\(run.error)")
      }
    }
    #expect(
      try contents(folder("pushed/fedavg/checkpoint.safetensors"))
        == contents(folder("again/fedavg/checkpoint.safetensors")))
    #expect(
      try contents(folder("pushed/fedavg/policy.safetensors"))
        != contents(folder("whole/fedavg/policy.safetensors")))
    #expect(
      try contents(folder("whole/fedavg/policy.safetensors"))
        != contents(folder("whole/fedprox/policy.safetensors")))
  }

  @Test func whatCannotBeFederatedIsSaid() throws {
    let folder = TemporaryFolder()
    let one = try tracemill("federate", try scenario(folder), "-o", folder("out"))
    #expect(one.status == 1 && one.error.contains("has one cluster"), "\(one.error)")
    let path = try scenario(
      folder, more: clusters.replacingOccurrences(of: "proximal: 0.1", with: "localIterations: 1"))
    let prox = try tracemill("federate", path, "-o", folder("out"), "--method", "fedprox")
    #expect(prox.status == 1 && prox.error.contains("proximal"), "\(prox.error)")
    let tuned = try tracemill("tune", path, "-o", folder("rule.json"))
    #expect(tuned.status == 1 && tuned.error.contains("has 2 clusters"), "\(tuned.error)")
    let wrong = try scenario(folder, training: "  withhold: [memroy]")
    let withheld = try tracemill("train", wrong, "-o", folder("out"))
    #expect(withheld.status == 1 && withheld.error.contains("memory"), "\(withheld.error)")
  }
}
