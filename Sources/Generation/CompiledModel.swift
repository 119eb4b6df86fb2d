import Fitting
import Workload

/// A model made ready for drawing: samplers and streams.
final class CompiledModel: Sendable {
  /// The laws of one or several classes.
  private struct Margins: Sendable {
    let runTime: MarginSampler
    let cpu: MarginSampler
    let memory: MarginSampler
  }

  private struct Class: Sendable {
    /// Upper end of the class's part of 0...1.
    let upTo: Double
    let margins: Int
    let priorityClass: PriorityClass
    let priority: Int16
    let deadlineFactor: Double
  }

  private let classes: [Class]
  private let margins: [Margins]
  private let meanGap: Double
  private let classStream: RandomStream
  private let runTimeStream: RandomStream
  private let cpuStream: RandomStream
  private let memoryStream: RandomStream

  /// `model` must have no issues.
  init(_ model: WorkloadModel, seed: UInt64) {
    func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
    (classStream, runTimeStream) = (stream("class"), stream("run time"))
    (cpuStream, memoryStream) = (stream("cpu"), stream("memory"))
    meanGap = 1 / model.arrivals.rate
    var known: [[Law]] = []
    var margins: [Margins] = []
    var upTo = 0.0
    var classes: [Class] = []
    for part in model.classes {
      let laws = [part.runTime, part.cpu, part.memory]
      if !known.contains(laws) {
        known.append(laws)
        let samplers = laws.map(MarginSampler.init)
        margins.append(Margins(runTime: samplers[0], cpu: samplers[1], memory: samplers[2]))
      }
      upTo += part.share
      classes.append(
        Class(
          upTo: upTo, margins: known.firstIndex(of: laws) ?? 0, priorityClass: part.priorityClass,
          priority: part.priority, deadlineFactor: part.deadlineFactor ?? 0))
    }
    self.classes = classes
    self.margins = margins
  }

  /// Appends the tasks of `block` from place `from` on, at most `limit` of them.
  func draw(
    block: Int, from: Int, atMost limit: Int, _ bridge: inout GammaBridge,
    into records: inout [TaskRecord]
  ) {
    let size = GammaBridge.blockSize
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 5 * size) { scratch in
      func column(_ index: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: scratch[index * size..<(index + 1) * size])
      }
      let (times, kinds) = (column(0), column(1))
      let (runTimes, cpus, memories) = (column(2), column(3), column(4))
      bridge.points(of: block, into: times)
      let first = UInt64(block * size)
      classStream.openUniforms(from: first, into: kinds)
      runTimeStream.openUniforms(from: first, into: runTimes)
      cpuStream.openUniforms(from: first, into: cpus)
      memoryStream.openUniforms(from: first, into: memories)
      if margins.count == 1 {
        margins[0].runTime.transform(runTimes)
        margins[0].cpu.transform(cpus)
        margins[0].memory.transform(memories)
      } else {
        for place in margins.indices {
          transform(runTimes, of: kinds, margins[place].runTime, place)
          transform(cpus, of: kinds, margins[place].cpu, place)
          transform(memories, of: kinds, margins[place].memory, place)
        }
      }
      for place in from..<min(size, from &+ min(limit, size)) {
        let part = classes[classIndex(kinds[place])]
        let submit = whole(times[place] * meanGap * 1e6)
        let runTime = whole(runTimes[place] * 1e6)
        var record = TaskRecord(
          id: TaskID(job: Int64(block * size + place)), submit: Microseconds(submit),
          runTime: Microseconds(runTime),
          request: Resources(
            cpu: Cores(nano: whole(cpus[place] * 1e9)),
            memory: Bytes(whole(memories[place] * 1_073_741_824))))
        record.priorityClass = part.priorityClass
        record.priority = part.priority
        if part.deadlineFactor > 0 {
          let allowance = whole(part.deadlineFactor * runTimes[place] * 1e6)
          record.deadline = Microseconds(submit) + Microseconds(allowance)
        }
        records.append(record)
      }
    }
  }

  private func classIndex(_ u: Double) -> Int {
    var index = 0
    while index + 1 < classes.count, u >= classes[index].upTo { index += 1 }
    return index
  }

  /// Transforms the values of the tasks whose class has the margins at `place`.
  private func transform(
    _ values: UnsafeMutableBufferPointer<Double>, of kinds: UnsafeMutableBufferPointer<Double>,
    _ sampler: MarginSampler, _ place: Int
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: values.count) { part in
      var count = 0
      for index in values.indices where classes[classIndex(kinds[index])].margins == place {
        part[count] = values[index]
        count += 1
      }
      sampler.transform(UnsafeMutableBufferPointer(rebasing: part[..<count]))
      count = 0
      for index in values.indices where classes[classIndex(kinds[index])].margins == place {
        values[index] = part[count]
        count += 1
      }
    }
  }
}

/// The nearest whole number to a number ≥ 0, at most 2^62: well inside what units can count.
@inline(__always) func whole(_ x: Double) -> Int64 { Int64(min(x, 0x1p62) + 0.5) }
