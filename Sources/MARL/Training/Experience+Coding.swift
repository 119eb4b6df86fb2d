import Foundation

/// Columns as their bytes, in the order of this processor's: another kind of processor does not read them.
extension Experience: Codable {
  private enum CodingKeys: CodingKey {
    case inputs, rowStart, masks, chosen, logProbability, network, critic, reward, episodes
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    func put<Value: BitwiseCopyable>(_ column: [Value], _ key: CodingKeys) throws {
      try container.encode(column.withUnsafeBytes { Data($0) }, forKey: key)
    }
    try put(inputs, .inputs)
    try put(rowStart, .rowStart)
    try put(masks.map { UInt8($0 ? 1 : 0) }, .masks)
    try put(chosen, .chosen)
    try put(logProbability, .logProbability)
    try put(network, .network)
    try put(critic, .critic)
    try put(reward, .reward)
    try container.encode(episodes, forKey: .episodes)
  }

  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func column<Value: BitwiseCopyable>(_ key: CodingKeys, _ zero: Value) throws -> [Value] {
      let data = try container.decode(Data.self, forKey: key)
      var column = [Value](repeating: zero, count: data.count / MemoryLayout<Value>.stride)
      _ = column.withUnsafeMutableBytes { data.copyBytes(to: $0) }
      return column
    }
    inputs = try column(.inputs, 0)
    rowStart = try column(.rowStart, 0)
    masks = try column(.masks, UInt8(0)).map { $0 != 0 }
    chosen = try column(.chosen, 0)
    logProbability = try column(.logProbability, 0)
    network = try column(.network, 0)
    critic = try column(.critic, 0)
    reward = try column(.reward, 0)
    episodes = try container.decode([Int].self, forKey: .episodes)
    guard rowStart.count == chosen.count + 1, logProbability.count == chosen.count,
      network.count == chosen.count, reward.count == chosen.count,
      rowStart.allSatisfy({ $0 >= 0 }), zip(rowStart, rowStart.dropFirst()).allSatisfy({ $0 <= $1 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .chosen, in: container, debugDescription: "columns of different lengths")
    }
  }
}
