import Generation

/// `study:tasks=1000,load=0.4,cores=1250`: the original study's workload.
enum StudyArgument {
  static func source(_ text: Substring, seed: UInt64) throws -> SyntheticWorkload {
    var values: [String: Double] = ["tasks": 1000, "cores": 1250]
    let known = ["tasks", "load", "cores"]
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, known.contains(pair[0]) else {
        throw CommandFailure(
          message: "study: '\(item)' is none of "
            + known.map { $0 + "=" }.joined(separator: ", "))
      }
      guard let value = Double(pair[1]), value > 0, value <= 1e9 else {
        throw CommandFailure(message: "study: \(pair[0]) '\(pair[1])' is not a number above 0")
      }
      values[pair[0]] = value
    }
    do {
      return try SyntheticWorkload.study(
        tasks: Int(values["tasks"] ?? 0), load: values["load"], onCores: values["cores"] ?? 0,
        seed: seed)
    } catch {
      throw CommandFailure(message: "study: \(error)")
    }
  }
}
