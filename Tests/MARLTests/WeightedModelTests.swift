import Simulation
import Testing

@testable import MARL

/// Files of policies that weigh named inputs.
@Suite struct WeightedModelTests {
  /// What a kind of policy says of a file whose fields are changed one by one, and that its own comes back.
  private func check<Model: WeightedModel>(_: Model.Type, other: SafeTensors, prefix: String) throws
  {
    let weights = (0..<Model.parameterCount).map { Double(Float(0.37) * Float($0) - 5) }
    let model = Model(parameters: weights)
    let file = try SafeTensors(model.tensors.data())
    #expect(try Model(file) == model)
    for row in Model.rows.indices {
      for place in Model.inputs.indices {
        #expect(
          model.weights(row)[place] == Float(weights[row * Model.inputs.count + place]))
      }
    }
    // Every field is checked, those that a later policy adds too.
    for key in file.metadata.keys where key != "digest" {
      var changed = file
      changed.metadata[key] = "another"
      #expect {
        try Model(changed)
      } throws: { "\($0)".contains("\(key) is another") }
      changed.metadata[key] = nil
      #expect(throws: CheckpointError.self, "without \(key)") { try Model(changed) }
    }
    var changed = file
    changed.tensors[Model.tensor] = .init(shape: [1, 2], values: [1, 2])
    #expect {
      try Model(changed)
    } throws: { "\($0)".contains("the shape of \(Model.tensor)") }
    changed.tensors[Model.tensor] = nil
    #expect(throws: CheckpointError.self) { try Model(changed) }
    changed = file
    changed.tensors[Model.tensor]?.values[3] = .nan
    #expect {
      try Model(changed)
    } throws: { "\($0)".contains("not finite") }
    // A policy of another decision is refused with what runs it.
    #expect {
      try Model(other)
    } throws: { "\($0)".contains(prefix) }
  }

  @Test func filesComeBackAndOthersAreRefused() throws {
    let order = OrderModel.smallestArea().tensors
    try check(DeviceModel.self, other: StageModel.yielding.tensors, prefix: "stage:FILE")
    try check(StageModel.self, other: DeviceModel.leastGrowth.tensors, prefix: "device:FILE")
    try check(StageModel.self, other: order, prefix: "order:FILE")
  }
}
