import CNeural
import PortableMath

/// The loss of a policy on decisions, and its gradient.
///
/// PPO: mean of -min(ρ A, clip(ρ, 1 ± ε) A) - β H, ρ being the ratio of the choice's probabilities now
/// and then; A2C: mean of -A log π - β H. Under the study's network, also the weighted half squared error
/// of its normalised value.
struct PolicyLoss {
  var settings: LearnerSettings
  var returnMean: Float
  var returnDeviation: Float

  /// Adds the gradient of the mean loss over `batch` to `gradient`; returns the mean loss.
  @discardableResult
  func add(
    _ network: Network, _ architecture: PolicyModel.Architecture, _ experience: Experience,
    _ batch: ArraySlice<Int>, _ targets: Advantages, _ gradient: inout [Float],
    _ sums: inout Learner.Sums
  ) -> Double {
    let columns = network.inputs
    var rowCount = 0
    for index in batch {
      rowCount += Int(experience.rowStart[index + 1] - experience.rowStart[index])
    }
    let pass = BatchPass(network)
    var loss = 0.0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rowCount * columns) { rows in
      gather(experience, batch, columns, to: rows.baseAddress!)
      let outputs = pass.forward(network, UnsafePointer(rows.baseAddress!), rows: rowCount)
      let slopes = pass.outputGradient
      var first = 0
      for index in batch {
        let count = Int(experience.rowStart[index + 1] - experience.rowStart[index])
        if architecture == .candidates {
          loss += addChoice(
            index, outputs + first, slopes + first, count, mask: nil, experience, targets,
            batch.count, &sums)
        } else {
          let choices = network.outputs - 1
          let logits = outputs + first * network.outputs
          let slope = slopes + first * network.outputs
          loss += experience.masks.withUnsafeBufferPointer { masks in
            addChoice(
              index, logits, slope, choices,
              mask: masks.isEmpty ? nil : masks.baseAddress! + index * choices, experience, targets,
              batch.count, &sums)
          }
          let target = (targets.returns[index] - returnMean) / returnDeviation
          let error = logits[choices] - target
          slope[choices] = settings.valueWeight * error / Float(batch.count)
          sums.statistics.valueLoss += Double(error) * Double(error) / 2
          loss += Double(settings.valueWeight * error * error / 2)
        }
        first += count
      }
      pass.backward(network, rows: rowCount, into: &gradient)
    }
    return loss / Double(batch.count)
  }

  private func gather(
    _ experience: Experience, _ batch: ArraySlice<Int>, _ columns: Int,
    to rows: UnsafeMutablePointer<Float>
  ) {
    experience.inputs.withUnsafeBufferPointer { inputs in
      var place = rows
      for index in batch {
        let start = Int(experience.rowStart[index]) * columns
        let count = Int(experience.rowStart[index + 1]) * columns - start
        place.update(from: inputs.baseAddress! + start, count: count)
        place += count
      }
    }
  }

  /// Turns the logits of one decision into probabilities, and writes the loss's slopes.
  private func addChoice(
    _ index: Int, _ logits: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>,
    _ count: Int, mask: UnsafePointer<Bool>?, _ experience: Experience, _ targets: Advantages,
    _ batchCount: Int, _ sums: inout Learner.Sums
  ) -> Double {
    let chosen = Int(experience.chosen[index])
    let advantage = targets.advantages[index]
    let chosenLogit = logits[chosen]
    let logSum = MaskedSoftmax.apply(logits, count, mask: mask)
    let logProbability = chosenLogit - logSum
    var weight = advantage
    var loss = -advantage * logProbability
    if settings.algorithm == .ppo {
      let ratio = expf(logProbability - experience.logProbability[index])
      let isClipped =
        advantage > 0 ? ratio > 1 + settings.clip : ratio < 1 - settings.clip
      weight = isClipped ? 0 : advantage * ratio
      let bounded = min(max(ratio, 1 - settings.clip), 1 + settings.clip)
      loss = -min(ratio * advantage, bounded * advantage)
      sums.statistics.clipped += isClipped ? 1 : 0
    }
    let entropy = cnn_choice_slopes(
      logits, slopes, count, chosen, weight, settings.entropy, 1 / Float(batchCount))
    sums.statistics.policyLoss += Double(loss)
    sums.statistics.entropy += Double(entropy)
    sums.decisions += 1
    return Double(loss - settings.entropy * entropy)
  }
}
