import Testing
import Workload

@testable import MARL

@Suite struct NetworkTests {
  @Test func theStudysNetworkHas19557Parameters() {
    let model = PolicyModel.initialised(.study, seed: 1)
    #expect(model.networks[0].layers == [50, 128, 101])
    #expect(model.networks[0].parameters.count == 19_557)
    #expect(MemoryLayout.size(ofValue: model.networks[0].parameters[0]) == 4)
    // 50 × 128 + 128, 128 × 100 + 100 of the policy, 128 + 1 of the value.
    let (hidden, policy, value) = (50 * 128 + 128, 128 * 100 + 100, 128 + 1)
    #expect(hidden + policy + value == 19_557)
  }

  @Test func heInitialisation() {
    var rng = RandomStream(seed: 3, name: "test")
    let network = Network.initialised(layers: [200, 400, 7], outputScale: 0.1, using: &rng)
    let hidden = network.parameters[..<(200 * 400)].map { Double($0) }
    let variance = hidden.reduce(0) { $0 + $1 * $1 } / Double(hidden.count)
    // The relative standard error of a mean of n squares is sqrt(2 / n).
    #expect(abs(variance / 0.01 - 1) < 5 * (2.0 / 80_000).squareRoot())
    #expect(network.parameters[(200 * 400)..<(201 * 400)].allSatisfy { $0 == 0 })
    let last = network.parameters[(201 * 400)..<(201 * 400 + 2800)].map { Double($0) }
    let lastVariance = last.reduce(0) { $0 + $1 * $1 } / Double(last.count)
    let expected = 0.01 * 2 / 400
    #expect(abs(lastVariance / expected - 1) < 5 * (2.0 / 2800).squareRoot())
  }

  /// A loss that is a fixed combination of outputs, so that its slopes are known.
  private func loss(
    _ network: Network, _ pass: BatchPass, _ rows: [Float], _ weights: [Float]
  ) -> Double {
    rows.withUnsafeBufferPointer { rows in
      let outputs = pass.forward(
        network, rows.baseAddress!, rows: rows.count / network.inputs)
      return weights.indices.reduce(0) { $0 + Double(outputs[$1]) * Double(weights[$1]) }
    }
  }

  @Test(arguments: [Network.Activation.relu, .tanh])
  func backwardPassAgreesWithFiniteDifferences(_ activation: Network.Activation) {
    var rng = RandomStream(seed: 5, name: "gradients")
    var network = Network.initialised(layers: [6, 9, 5, 3], activation: activation, using: &rng)
    // Biases away from zero, so that their slopes mean something.
    for index in network.parameters.indices {
      network.parameters[index] += Float(rng.normal() * 0.1)
    }
    let rows = (0..<(4 * 6)).map { _ in Float(rng.normal()) }
    let weights = (0..<(4 * 3)).map { _ in Float(rng.normal()) }
    let pass = BatchPass(network)
    var gradient = [Float](repeating: 0, count: network.parameters.count)
    let here = loss(network, pass, rows, weights)
    for index in weights.indices { pass.outputGradient[index] = weights[index] }
    rows.withUnsafeBufferPointer { rows in
      _ = pass.forward(network, rows.baseAddress!, rows: 4)
      pass.backward(network, rows: 4, into: &gradient)
    }
    // Float32 losses of about 10 over steps of 1/256: rounding gives about 1e-3. A relu may bend
    // within a step; the slope is then between those of both sides.
    let step = Float(1) / 256
    for index in network.parameters.indices {
      var (up, down) = (network, network)
      up.parameters[index] += step
      down.parameters[index] -= step
      let right = (loss(up, pass, rows, weights) - here) / Double(step)
      let left = (here - loss(down, pass, rows, weights)) / Double(step)
      let slack = 1e-2 + 5e-3 * abs(right) + (activation == .tanh ? 2 * Double(step) : 0)
      let value = Double(gradient[index])
      #expect(value > min(left, right) - slack && value < max(left, right) + slack, "\(index)")
    }
  }

  @Test func fewRowsAndBatchesGiveTheSame() {
    var rng = RandomStream(seed: 6, name: "same")
    for hidden in [32, 20] {
      let scorer = Network.initialised(layers: [26, hidden, 1], using: &rng)
      let rows = (0..<(7 * 26)).map { _ in Float(rng.normal()) }
      var scores = [Float](repeating: 0, count: 7)
      rows.withUnsafeBufferPointer { rows in
        scores.withUnsafeMutableBufferPointer {
          scorer.score(rows.baseAddress!, rows: 7, to: $0.baseAddress!)
        }
      }
      // A row's score does not depend on which are beside it.
      for count in 1...7 {
        var fewer = [Float](repeating: 0, count: count)
        rows.withUnsafeBufferPointer { rows in
          fewer.withUnsafeMutableBufferPointer {
            scorer.score(rows.baseAddress!, rows: count, to: $0.baseAddress!)
          }
        }
        #expect(fewer[...] == scores[..<count])
      }
      for row in 0..<7 {
        #expect(abs(scores[row] - scorer(Array(rows[(row * 26)..<(row * 26 + 26)]))[0]) < 1e-4)
      }
    }
    let study = Network.initialised(layers: [50, 128, 101], using: &rng)
    let row = (0..<50).map { _ in Float(rng.normal()) }
    var units = [Float](repeating: 0, count: 128)
    var outputs = [Float](repeating: 0, count: 101)
    study.evaluate(row, hidden: &units, to: &outputs)
    for (a, b) in zip(outputs, study(row)) { #expect(abs(a - b) < 1e-3) }
  }

  @Test func adamFollowsThePaper() {
    var adam = Adam(count: 2)
    var parameters: [Float] = [1, -2]
    adam.update(&parameters, gradient: [0.5, -3], rate: 0.1)
    // After one step both moments are corrected to g and g²: every parameter moves by the rate.
    #expect(abs(parameters[0] - 0.9) < 1e-6)
    #expect(abs(parameters[1] + 1.9) < 1e-6)
    adam.update(&parameters, gradient: [0.25, -3], rate: 0.1)
    let m = 0.9 * 0.05 + 0.1 * 0.25
    let v = 0.999 * 0.00025 + 0.001 * 0.0625
    let move = 0.1 * (m / (1 - 0.81)) / ((v / (1 - 0.998001)).squareRoot() + 1e-8)
    #expect(abs(Double(parameters[0]) - (0.9 - move)) < 1e-5)
    // Clipping: the direction stays, the norm is cut.
    var clipped = Adam(count: 2)
    #expect(clipped.update(&parameters, gradient: [3, 4], rate: 0, clip: 1) == 5)
    #expect(abs(clipped.first[0] - 0.06) < 1e-6)
  }

  @Test func maskedSoftmax() {
    var logits: [Float] = [1, 50, 2, -3]
    let mask = [true, false, true, true]
    let logSum = MaskedSoftmax.apply(&logits, 4, mask: mask)
    #expect(logits[1] == 0)
    #expect(abs(logits.reduce(0, +) - 1) < 1e-6)
    #expect(abs(Double(logSum) - 2.3182) < 1e-3)
    #expect(abs(logits[2] / logits[0] - 2.71828) < 1e-4)
    #expect(MaskedSoftmax.choice(logits, 4, 0) == 0)
    #expect(MaskedSoftmax.choice(logits, 4, 0.9999999) == 3)
    for u in stride(from: Float(0), to: 1, by: 0.01) {
      #expect(MaskedSoftmax.choice(logits, 4, u) != 1)
    }
  }
}
