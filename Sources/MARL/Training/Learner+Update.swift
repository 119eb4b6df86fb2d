import Workload

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Learner {
  /// Learns from experience, on one thread and in an order that depends on `seed` and the number of
  /// updates so far alone.
  ///
  /// - Parameters:
  ///   - experience: what to learn from.
  ///   - settings: how.
  ///   - rate: the learning rate.
  ///   - seed: what the order of decisions comes from.
  ///   - anchor: the policy that the proximal term pulls towards; no such term if nil.
  /// - Returns: What the update did.
  /// - Throws: ``TrainingError/diverged(iteration:what:)`` if anything ceases to be finite; the learner
  ///   is then of no more use.
  public mutating func update(
    _ experience: Experience, _ settings: LearnerSettings, rate: Float, seed: UInt64,
    anchor: PolicyModel? = nil
  ) throws -> UpdateStatistics {
    guard experience.count > 0 else { return UpdateStatistics() }
    let values = settings.usesBaseline ? self.values(of: experience) : meanValues(of: experience)
    let targets = Advantages(experience, values: values, settings)
    normaliseValues(by: targets.returns)
    var statistics = Sums()
    var rng = RandomStream(seed: seed, name: "minibatches").at(UInt64(updates))
    for _ in 0..<(settings.algorithm == .ppo ? settings.epochs : 1) {
      for network in model.networks.indices {
        var order =
          model.networks.count == 1
          ? Array(0..<experience.count)
          : (0..<experience.count).filter { Int(experience.network[$0]) == network }
        for place in stride(from: order.count - 1, to: 0, by: -1) {
          order.swapAt(place, rng.below(place + 1))
        }
        // Each of several networks has its part of a minibatch, but not one that says nothing.
        let size = max(settings.minibatch / model.networks.count, min(settings.minibatch, 32))
        for start in stride(from: 0, to: order.count, by: size) {
          let batch = order[start..<min(start + size, order.count)]
          stepPolicy(
            network, experience, batch, targets, settings, rate, anchor?.networks[network],
            &statistics)
          if model.architecture == .candidates {
            stepCritic(experience, batch, targets.returns, settings, rate, &statistics)
          }
        }
      }
    }
    updates += 1
    let result = statistics.means
    for (value, what) in [
      (result.policyLoss, "the policy loss"), (result.valueLoss, "the value loss"),
      (result.gradientNorm, "the gradient"),
    ] where !value.isFinite { throw TrainingError.diverged(iteration: updates, what: what) }
    guard isFinite else { throw TrainingError.diverged(iteration: updates, what: "a parameter") }
    return result
  }

  /// Sums over minibatches.
  struct Sums {
    var statistics = UpdateStatistics()
    var decisions = 0.0
    var steps = 0.0

    var means: UpdateStatistics {
      var means = statistics
      means.policyLoss /= max(decisions, 1)
      means.valueLoss /= max(decisions, 1)
      means.entropy /= max(decisions, 1)
      means.clipped /= max(decisions, 1)
      means.gradientNorm /= max(steps, 1)
      return means
    }
  }

  private func meanValues(of experience: Experience) -> [Float] {
    Array(repeating: Advantages.moments(experience.reward).mean, count: experience.count)
  }

  /// What the critic expects of each decision.
  func values(of experience: Experience) -> [Float] {
    var values = [Float](repeating: 0, count: experience.count)
    let deviation = returnVariance.squareRoot()
    let chunk = 4096
    let isStudy = model.architecture == .study
    for network in isStudy ? Array(model.networks.indices) : [0] {
      let evaluated = isStudy ? model.networks[network] : critic!
      let pass = BatchPass(evaluated)
      for start in stride(from: 0, to: experience.count, by: chunk) {
        let rows = min(chunk, experience.count - start)
        (isStudy ? experience.inputs : experience.critic).withUnsafeBufferPointer { inputs in
          let outputs = pass.forward(
            evaluated, inputs.baseAddress! + start * evaluated.inputs, rows: rows)
          for row in 0..<rows
          where !isStudy || Int(experience.network[start + row]) == network {
            let value = outputs[(row + 1) * evaluated.outputs - 1]
            values[start + row] = value * deviation + returnMean
          }
        }
      }
    }
    return values
  }

  /// Follows the returns' mean and variance.
  private mutating func normaliseValues(by returns: [Float]) {
    let (mean, variance) = Advantages.moments(returns)
    let weight: Float = updates == 0 ? 1 : 0.1
    returnMean += weight * (mean - returnMean)
    returnVariance += weight * (max(variance, 1e-8) - returnVariance)
  }

  private mutating func stepPolicy(
    _ network: Int, _ experience: Experience, _ batch: ArraySlice<Int>, _ targets: Advantages,
    _ settings: LearnerSettings, _ rate: Float, _ anchor: Network?, _ sums: inout Sums
  ) {
    var gradient = [Float](repeating: 0, count: model.networks[network].parameters.count)
    let loss = PolicyLoss(
      settings: settings, returnMean: returnMean, returnDeviation: returnVariance.squareRoot())
    loss.add(
      model.networks[network], model.architecture, experience, batch, targets, &gradient, &sums)
    if let anchor, settings.proximal > 0 {
      for (index, parameter) in model.networks[network].parameters.enumerated() {
        gradient[index] += settings.proximal * (parameter - anchor.parameters[index])
      }
    }
    let norm = optimisers[network].update(
      &model.networks[network].parameters, gradient: gradient, rate: rate,
      clip: settings.gradientNorm)
    model.networks[network].withhold(settings.withheld)
    sums.statistics.gradientNorm += Double(norm)
    sums.steps += 1
  }

  private mutating func stepCritic(
    _ experience: Experience, _ batch: ArraySlice<Int>, _ returns: [Float],
    _ settings: LearnerSettings, _ rate: Float, _ sums: inout Sums
  ) {
    guard settings.usesBaseline, var critic, var optimiser = criticOptimiser else { return }
    let columns = CriticFeatures.count
    let rows = [Float](unsafeUninitializedCapacity: batch.count * columns) { rows, count in
      experience.critic.withUnsafeBufferPointer { all in
        for index in batch {
          (rows.baseAddress! + count).initialize(
            from: all.baseAddress! + index * columns, count: columns)
          count += columns
        }
      }
    }
    var gradient = [Float](repeating: 0, count: critic.parameters.count)
    let pass = BatchPass(critic)
    let inverse = 1 / returnVariance.squareRoot()
    rows.withUnsafeBufferPointer { rows in
      let outputs = pass.forward(critic, rows.baseAddress!, rows: batch.count)
      for (place, index) in batch.enumerated() {
        let error = outputs[place] - (returns[index] - returnMean) * inverse
        pass.outputGradient[place] = error / Float(batch.count)
        sums.statistics.valueLoss += Double(error) * Double(error) / 2
      }
      pass.backward(critic, rows: batch.count, into: &gradient)
    }
    optimiser.update(
      &critic.parameters, gradient: gradient, rate: rate, clip: settings.gradientNorm)
    self.critic = critic
    criticOptimiser = optimiser
  }
}
