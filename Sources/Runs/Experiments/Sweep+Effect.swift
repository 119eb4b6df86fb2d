import Experiments
import Generation
import Workload

extension Sweep {
  /// Refuses axes whose values change nothing, since another axis or the part itself says the same and goes before
  /// them: their rows would be one run under several values.
  ///
  /// An axis is tried with the first values of the others, and with their last. O(values of all axes) for each part.
  func refuseOverwritten(_ axes: ExperimentAxes, of base: ExperimentDefinition) throws {
    let ordered = axes.units.flatMap(\.self)
    func own(_ side: Side) throws -> [ExperimentAxes.Axis] {
      try ordered.filter { try self.side(of: $0.key, in: base) == side }
    }
    try refuse(base.workloads, try own(.workload), axes, changed) { try drawn($0) }
    try refuse(base.clusters, try own(.cluster), axes) { part, key, value in
      try changed(part, key, value, in: base.engine)
    } as: {
      $0
    }
    try refuse(base.schedulers, try own(.scheduler), axes) { part, key, value in
      try changed(part, key, value, in: base.engine)
    } as: {
      $0
    }
  }

  private func refuse<Part: VariedPart, Result: Equatable>(
    _ parts: [Part], _ own: [ExperimentAxes.Axis], _ axes: ExperimentAxes,
    _ change: (Part, String, AxisValue) throws -> Part, as result: (Part) throws -> Result
  ) throws {
    for part in parts {
      func made(_ values: [AxisValue]) throws -> Result {
        var changed = part
        for (axis, value) in zip(own, values) { changed = try change(changed, axis.key, value) }
        return try result(changed)
      }
      let corners = [own.compactMap(\.values.first), own.compactMap(\.values.last)]
      for (place, axis) in own.enumerated() where axis.values.count > 1 {
        let hasEffect = corners.contains { corner in
          // What cannot be beside the others is another thing than what can: values that go together may need each other.
          guard let one = try? made(corner) else { return true }
          return axis.values.contains { value in
            var other = corner
            other[place] = value
            return (try? made(other)) != one
          }
        }
        guard !hasEffect else { continue }
        let others = own.filter { $0.key != axis.key }.map(\.key)
        throw axes.mistake(
          axis.place.issue(
            "changes nothing in \(Part.kind) '\(part.name)': "
              + (others.isEmpty
                ? "something else in it says the same, and goes before it"
                : "\(others.joined(separator: ", ")), or something else in it, says the same and goes before it")
          ))
      }
    }
  }

  /// What a workload comes to, as far as it is drawn; a trace's is what its definition says.
  private func drawn(_ definition: WorkloadDefinition) throws -> DrawnWorkload {
    guard NamedModel.isOne(definition.source) else { return DrawnWorkload(definition, nil) }
    // Any number of cores: two workloads of one load are equal on all machines if they are on these.
    let scenario = try NamedModel(definition.source).drawn(onCores: 1000)
    var rest = definition
    rest.source = ""
    return DrawnWorkload(rest, scenario)
  }
}

/// A definition with what is drawn of it.
private struct DrawnWorkload: Equatable {
  var definition: WorkloadDefinition
  var scenario: WorkloadScenario?

  init(_ definition: WorkloadDefinition, _ scenario: WorkloadScenario?) {
    (self.definition, self.scenario) = (definition, scenario)
  }
}
