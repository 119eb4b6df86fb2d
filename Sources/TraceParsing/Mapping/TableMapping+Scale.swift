import TraceInput

extension TableMapping {
  /// The mapping with shares of the largest machine made amounts.
  func scaled(by scale: MachineScale) -> TableMapping {
    var mapping = self
    mapping.columns = Self.scaled(columns, by: scale)
    mapping.usage?.columns = Self.scaled(usage?.columns ?? [:], by: scale)
    return mapping
  }

  fileprivate static func scaled(
    _ columns: [String: Source], by scale: MachineScale
  ) -> [String: Source] {
    let largest = [
      "cpu_cores": scale.cores, "memory_bytes": Double(scale.memory.rawValue),
      "disk_bytes": Double(scale.disk.rawValue),
    ]
    return Dictionary(
      uniqueKeysWithValues: columns.map { name, source in
        (name, largest[name].map(source.scaled) ?? source)
      })
  }
}

extension TableMapping.Machines {
  /// The machines with shares of the largest one made amounts.
  func scaled(by scale: MachineScale) -> TableMapping.Machines {
    var machines = self
    machines.columns = TableMapping.scaled(columns, by: scale)
    return machines
  }
}

extension TableMapping.Source {
  /// Whether it is a share of the largest machine.
  var isShare: Bool {
    unit == UnitName.share || any.contains(where: \.isShare) || sum.contains(where: \.isShare)
  }

  /// The source with shares made amounts.
  fileprivate func scaled(_ largest: Double) -> TableMapping.Source {
    guard isShare else { return self }
    var source = self
    if unit == UnitName.share { (source.unit, source.factor) = (nil, largest) }
    source.any = any.map { $0.scaled(largest) }
    source.sum = sum.map { $0.scaled(largest) }
    return source
  }
}
