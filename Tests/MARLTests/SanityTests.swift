import Foundation
import Simulation
import Testing
import Workload

@testable import MARL

/// Choices that pay by themselves: arm i shows itself by its first feature.
struct Bandit {
  let arms: Int

  /// What a model's choices came to; `pay` says what an arm pays.
  func experience(
    _ model: PolicyModel, decisions: Int, seed: UInt64, pay: (Int) -> Float
  ) -> Experience {
    var rng = RandomStream(seed: seed, name: "bandit")
    var experience = Experience()
    experience.episodes = [0]
    let network = model.networks[0]
    let isStudy = model.architecture == .study
    for _ in 0..<decisions {
      var rows: [Float] = []
      var logits: [Float] = []
      if isStudy {
        rows = (0..<network.inputs).map { $0 < 3 ? Float(rng.normal()) : 0.1 }
        logits = Array(network(rows).dropLast())
      } else {
        for arm in 0..<arms {
          var row = [Float](repeating: 0, count: network.inputs)
          row[0] = Float(arm)
          row[1] = Float(rng.normal())
          rows += row
          logits += network(row)
        }
      }
      let mask = (0..<logits.count).map { $0 < arms }
      MaskedSoftmax.apply(&logits, logits.count, mask: mask)
      let arm = MaskedSoftmax.choice(logits, logits.count, Float(rng.uniform()))
      experience.inputs += rows
      experience.rowStart.append(experience.rowStart.last! + Int32(isStudy ? 1 : arms))
      if isStudy { experience.masks += mask }
      experience.chosen.append(Int32(arm))
      experience.logProbability.append(logf(logits[arm]))
      experience.network.append(0)
      if !isStudy { experience.critic += [Float](repeating: 0.5, count: CriticFeatures.count) }
      experience.reward.append(pay(arm))
    }
    return experience
  }

  /// The probability that a model gives to an arm, on average.
  func share(of arm: Int, _ model: PolicyModel) -> Double {
    let chosen = experience(model, decisions: 500, seed: 99) { _ in 0 }.chosen
    return Double(chosen.count { Int($0) == arm }) / 500
  }
}

@Suite struct SanityTests {
  private func settings() -> LearnerSettings {
    var settings = LearnerSettings()
    settings.minibatch = 100
    settings.entropy = 0.001
    return settings
  }

  @Test(arguments: PolicyModel.Architecture.allCases)
  func aBanditsBestArmIsFound(_ architecture: PolicyModel.Architecture) throws {
    let bandit = Bandit(arms: 4)
    let pays: [Float] = [0.1, 0.5, 1, 0.2]
    var learner = Learner(.initialised(architecture, hidden: 32, seed: 3), seed: 3)
    for round in 0..<40 {
      let experience = bandit.experience(
        learner.model, decisions: 200, seed: UInt64(round)
      ) { pays[$0] }
      _ = try learner.update(experience, settings(), rate: 1e-2, seed: 3)
    }
    #expect(bandit.share(of: 2, learner.model) > 0.9)
  }

  @Test func shuffledRewardsTeachNothing() throws {
    let bandit = Bandit(arms: 4)
    let pays: [Float] = [0.1, 0.5, 1, 0.2]
    var learner = Learner(.initialised(.candidates, seed: 3), seed: 3)
    var rng = RandomStream(seed: 4, name: "shuffle")
    for round in 0..<40 {
      var experience = bandit.experience(
        learner.model, decisions: 200, seed: UInt64(round)
      ) { pays[$0] }
      for place in stride(from: 199, to: 0, by: -1) {
        experience.reward.swapAt(place, rng.below(place + 1))
      }
      _ = try learner.update(experience, settings(), rate: 3e-3, seed: 3)
    }
    #expect(bandit.share(of: 2, learner.model) < 0.7)
  }

  /// Two steps: only who takes arm 1 first and arm 0 then is paid, at the end; arm 0 first pays a
  /// little at once.
  @Test func aDelayedRewardIsFoundWithDiscountAndNotWithout() throws {
    func firstShare(gamma: Float) throws -> Double {
      var settings = settings()
      settings.gamma = gamma
      settings.lambda = 1
      var learner = Learner(.initialised(.candidates, seed: 5), seed: 5)
      for round in 0..<60 {
        var experience = Bandit(arms: 2).experience(
          learner.model, decisions: 200, seed: UInt64(round)
        ) { _ in 0 }
        experience.episodes = (0..<100).map { 2 * $0 }
        for episode in experience.episodes {
          let first = experience.chosen[episode] == 1
          experience.reward[episode] = first ? 0 : 0.2
          experience.reward[episode + 1] = first ? 1 : 0
        }
        _ = try learner.update(experience, settings, rate: 3e-3, seed: 5)
      }
      return Bandit(arms: 2).share(of: 1, learner.model)
    }
    let (farsighted, myopic) = (try firstShare(gamma: 0.95), try firstShare(gamma: 0))
    #expect(farsighted > 0.85)
    #expect(myopic < 0.5)
  }

  /// One machine twice as fast as the other, and hardly any load: everything belongs on the fast one.
  @Test func theFasterOfTwoMachinesIsFound() throws {
    let layout = try ClusterLayout(machines: [
      machine(0, cores: 64, speed: 1), machine(1, cores: 64, speed: 2),
    ])
    let scenario = Scenario(
      name: "two", units: [0.1: RewardUnits(energy: 1e3, variance: 1e3)],
      cluster: { _ in layout },
      source: { seed, _, _ in
        var rng = RandomStream(seed: seed.value, name: "two")
        var clock = 0.0
        return ListedTasks(
          (0..<100).map { number in
            clock += rng.exponential(mean: 10)
            return task(Int64(number), at: clock, run: 10, cores: 1, deadline: 15)
          })
      })
    var settings = TrainingSettings()
    settings.candidates = CandidateRule(2)
    settings.loads = [0.1]
    settings.tasks = 100
    settings.episodes = 6
    settings.iterations = 12
    settings.validationEvery = 12
    settings.learner.minibatch = 200
    settings.learner.learningRate = 1e-2
    var trainer = try Trainer(scenario, settings)
    while !trainer.isDone { _ = try trainer.step() }
    let model = trainer.learner.model
    let reward = try scenario.run(heldOut(77, load: 0.1), MARLScheduler(model))
    #expect(abs(reward.completionSeconds - 5) < 0.05)
    let sampled = try scenario.run(
      heldOut(77, load: 0.1), MARLScheduler(model, choice: .sampled))
    #expect(sampled.completionSeconds < 5.5)
  }
}
