import TraceInput
import Workload

/// What a file of fragments says of itself.
struct FragmentManifest: Codable, Sendable {
  /// A stretch of the file.
  struct Piece: Codable, Hashable {
    var offset: Int
    var length: Int
    var crc64: String
  }

  /// What was kept of a part of the trace.
  struct Part: Codable, Hashable {
    /// Its file.
    var name: String
    /// The stored bytes that were read.
    var bytes: Int?
    /// Their checksum; none for what is not on a disk.
    var crc64: String?
    /// The part before it whose pieces hold what this one does; none for a part that has its own.
    var with: String?
    var pieces: [Piece]
  }

  /// Tracemill's version.
  var version: String
  /// The trace's format.
  var format: String
  /// How it was read, by the names of the options.
  var settings: [String: String]
  var input: InputSkeleton
  /// The tables that were split, as the names of their parts.
  var tables: [[String]]
  /// The shares that are in the file.
  var shards: [Shard]
  var parts: [Part]
}

extension ReadOptions {
  /// All that decides what is kept of a part and what records are made of it, by the names of the
  /// command's options.
  var splitSettings: [String: String] {
    [
      "lenient": "\(rejects != nil)", "table": table ?? "",
      "time-tolerance": "\(timeTolerance.rawValue)", "max-expansion": "\(maximumExpansion)",
      "alloc-sets": "\(includesAllocSets)",
      "scale-cpu": "\(scale.cores)", "scale-memory": "\(scale.memory.rawValue)",
      "scale-disk": "\(scale.disk.rawValue)",
      "assumed-cpu": "\(assumedRequest[0])", "assumed-memory": "\(assumedRequest[1])",
    ]
  }

  /// Takes over what `splitSettings` gave, but for where rejected rows go. False if it cannot be.
  mutating func take(_ settings: [String: String]) -> Bool {
    func number<Value: LosslessStringConvertible>(_ name: String, _ type: Value.Type) -> Value? {
      settings[name].flatMap(Value.init)
    }
    guard let tolerance = number("time-tolerance", Int64.self),
      let expansion = number("max-expansion", Int.self),
      let allocSets = number("alloc-sets", Bool.self), let cores = number("scale-cpu", Double.self),
      let memory = number("scale-memory", Int64.self), let disk = number("scale-disk", Int64.self),
      let cpu = number("assumed-cpu", Double.self),
      let assumedMemory = number("assumed-memory", Double.self), let table = settings["table"],
      (0...1).contains(cpu), (0...1).contains(assumedMemory), tolerance >= 0, expansion >= 1,
      let scale = try? MachineScale(cores: cores, memory: Bytes(memory), disk: Bytes(disk))
    else { return false }
    timeTolerance = Microseconds(tolerance)
    (maximumExpansion, includesAllocSets) = (expansion, allocSets)
    self.scale = scale
    (assumedRequest[0], assumedRequest[1]) = (cpu, assumedMemory)
    self.table = table.isEmpty ? nil : table
    return true
  }
}
