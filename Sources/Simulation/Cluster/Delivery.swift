import Workload

/// What a task takes on one machine and not on another beside the machine's speed: its inputs and the
/// network that carries them, and run times that are given machine by machine.
///
/// The engine charges by this, and policies expect by it.
struct Delivery: Sendable {
  /// What a predecessor hands over.
  struct Input: Sendable {
    var machine: Int
    var data: Bytes
    /// When it ended.
    var finish: Microseconds
  }

  /// Nil for none.
  var network: NetworkModel? { didSet { hasNetwork = network != nil } }
  /// Only ever looked up.
  var runTimes = RunTimeTable() { didSet { hasRunTimes = !runTimes.isEmpty } }
  /// Whether there are any: asked of every machine at every decision, so it must cost nothing.
  private(set) var hasNetwork = false
  private(set) var hasRunTimes = false
  /// The inputs of tasks that wait or run, and of how many instances. Only ever looked up.
  private var inputs: [TaskID: (list: [Input], uses: Int)] = [:]

  /// Whether it takes the same on all machines, but for their speeds.
  var isAlike: Bool { inputs.isEmpty && !hasRunTimes }

  mutating func add(_ list: [Input], of task: TaskID) {
    guard network != nil, !list.isEmpty else { return }
    inputs[task, default: (list, 0)].uses += 1
  }

  mutating func remove(_ task: TaskID) {
    guard !inputs.isEmpty, let known = inputs[task] else { return }
    if known.uses > 1 { inputs[task]?.uses -= 1 } else { inputs[task] = nil }
  }

  /// How long the task must wait on the machine for its data, and for the network to reach it, if it
  /// starts there `wait` from now.
  func time(
    of task: borrowing TaskView, on machine: Int, at now: Microseconds,
    after wait: Microseconds = .zero
  ) -> Microseconds {
    guard let network else { return .zero }
    if task.gateway >= 0 {
      let isElsewhere = machine != Int(task.gateway)
      let way = isElsewhere ? max(task.submit + network.dispatch - now - wait, .zero) : .zero
      return network.fetch + way
    }
    var longest = network.fetch
    if !inputs.isEmpty, let known = inputs[task.id] {
      for input in known.list {
        var time = network.transfer(input.data, from: input.machine, to: machine)
        // What was sent when it was ready has been on its way since.
        if network.pushesData { time = max(input.finish + time - now - wait, .zero) }
        longest = max(longest, time)
      }
    }
    return network.dispatch + longest
  }
}

extension Cluster {
  /// How long the task may be expected to run on the machine: what is said of the pair, or its estimate
  /// over the machine's speed; nil where neither is known. O(1).
  public func expectedRunTime(of task: TaskView, on machine: Int) -> Microseconds? {
    if delivery.hasRunTimes, let known = delivery.runTimes[task.id, states[machine].number] {
      return known
    }
    guard task.estimate.isKnown else { return nil }
    let speed = states[machine].speed
    return speed == 1 ? task.estimate : task.estimate.scaled(by: 1 / speed)
  }

  /// How long the task would wait on the machine for the network and its data, if it started there
  /// now. O(predecessors).
  public func expectedDelivery(of task: TaskView, on machine: Int) -> Microseconds {
    delivery.time(of: task, on: machine, at: now)
  }
}
