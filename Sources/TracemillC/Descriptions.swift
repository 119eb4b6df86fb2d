import Configuration
import Experiments
import Generation
import Runs
import Simulation
import TraceInput
import TraceParsing
import Workload

// What descriptions say: JSON texts, read and checked like files.

/// A description on its way to a value; errors call it "description".
func described<Value>(
  _ text: UnsafePointer<CChar>?, _ build: (ConfigurationNode) -> Value?
) throws(ConfigurationError) -> Value {
  let text = text.map { String(cString: $0) } ?? "{}"
  return try ConfigurationFile(text: text, name: "description").read(build)
}

extension ReadingSettings {
  /// `reading` of a description: format, table, columns (a file), scale, lenient, threads, …
  init(_ node: ConfigurationNode?) {
    self.init()
    guard let node else { return }
    format = node.choice("format", of: Registry.formats.map(\.name))
    table = node.string("table")
    columns = node.string("columns")
    let size = NumberRange.above(0, to: 1e6)
    let cores = node.number("scaleCpu", in: size) ?? scale.cores
    let memory = node.number("scaleMemory", in: size).map(Bytes.init(gibibytes:)) ?? scale.memory
    let disk = node.number("scaleDisk", in: size).map(Bytes.init(gibibytes:)) ?? scale.disk
    do { scale = try MachineScale(cores: cores, memory: memory, disk: disk) } catch {
      node.problem("\(error)")
    }
    if let share = node.number("assumedCpu", in: .share) { assumedRequest[0] = share }
    if let share = node.number("assumedMemory", in: .share) { assumedRequest[1] = share }
    includesAllocSets = node.flag("allocSets") ?? false
    timeTolerance = Microseconds(seconds: node.seconds("timeTolerance") ?? 0)
    temporaryDirectory = node.string("temporaryDirectory") ?? temporaryDirectory
    sortBufferBytes = node.integer("sortBuffer", in: 1...65536).map { $0 << 20 } ?? sortBufferBytes
    threads = node.integer("threads", in: 1...4096) ?? threads
    maximumExpansion =
      node.integer("maxExpansion", in: 1...Int(Int32.max)) ?? maximumExpansion
    isLenient = node.flag("lenient") ?? false
  }
}

extension TaskSelection {
  /// `selection` of a description: from, to, priority, select, sample, sampleSeed.
  init(_ node: ConfigurationNode?) {
    self.init()
    guard let node else { return }
    from = node.seconds("from").map(Microseconds.init(seconds:))
    to = node.seconds("to").map(Microseconds.init(seconds:))
    if let text = node.string("priority") {
      priority = PrioritySelection(text)
      if priority == nil {
        node.problem(
          at: "priority", "is '\(text)'; expected numbers, ranges and classes, such as 0-1,9")
      }
    }
    for text in (node.list("select") ?? []).compactMap({ $0.string() }) {
      if let column = ColumnSelection(text) {
        columns.append(column)
      } else {
        node.problem(at: "select", "is '\(text)'; expected column=values, such as qos=LS,BE")
      }
    }
    sample = node.number("sample", in: .share)
    sampleSeed = node.seed("sampleSeed") ?? 1
    if let from, let to, from >= to { node.problem(at: "from", "is not before to") }
  }
}

extension ConfigurationNode {
  /// A share such as `3/64`; nil, and told, for none.
  func shard(_ key: String) -> Shard? {
    guard let text = string(key, required: true) else { return nil }
    let shard = Shard(text)
    if shard == nil { problem(at: key, "is '\(text)'; expected a share such as 3/64") }
    return shard
  }

  /// A seed: a whole number from 0.
  func seed(_ key: String) -> UInt64? {
    integer(key, in: 0...Int.max).map(UInt64.init)
  }
}
