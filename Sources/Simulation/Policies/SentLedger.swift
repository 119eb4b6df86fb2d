import Workload

/// What each agent has sent to machines since it last saw them: the one thing about the present of
/// others that it knows by itself.
public struct SentLedger: Sendable {
  private struct Entry {
    var machine: Int32
    var request: Resources
    var seconds: Double
  }

  private var entries: [[Entry]] = []
  private var observed: [Microseconds] = []

  /// An empty ledger; ``reset(_:)`` begins a run.
  public init() {}

  /// Forgets everything.
  public mutating func reset(_ cluster: borrowing Cluster) {
    entries = Array(repeating: [], count: cluster.count)
    observed = Array(repeating: .zero, count: cluster.count)
  }

  /// Notes that the agent of the task's gateway has sent it to `machine`. Nothing without a gateway
  /// or where the view is the present.
  public mutating func note(_ task: TaskView, to machine: Int, on cluster: borrowing Cluster) {
    let agent = Int(task.gateway)
    guard agent >= 0, agent < entries.count, agent != machine else { return }
    forget(agent, cluster)
    let seconds = task.estimate.isKnown ? task.estimate.seconds : 1
    entries[agent].append(
      Entry(
        machine: Int32(machine), request: task.request, seconds: seconds / cluster.speed(machine)))
  }

  private mutating func forget(_ agent: Int, _ cluster: borrowing Cluster) {
    guard observed[agent] != cluster.observed else { return }
    observed[agent] = cluster.observed
    entries[agent].removeAll(keepingCapacity: true)
  }

  /// Whether the agent of the task's gateway has sent anything anywhere since it saw the machines.
  public func hasSent(_ task: TaskView, on cluster: borrowing Cluster) -> Bool {
    let agent = Int(task.gateway)
    return agent >= 0 && agent < entries.count && observed[agent] == cluster.observed
      && !entries[agent].isEmpty
  }

  /// What it has sent to `machine`: the sum of requests, and of core-seconds and GiB-seconds.
  public func sent(
    by agent: Int, to machine: Int
  ) -> (request: Resources, coreSeconds: Double, memorySeconds: Double) {
    var request = ResourceSum()
    var sum = (request: Resources.zero, coreSeconds: 0.0, memorySeconds: 0.0)
    for entry in entries[agent] where Int(entry.machine) == machine {
      request += entry.request
      sum.coreSeconds += entry.request.cpu.value * entry.seconds
      sum.memorySeconds += entry.request.memory.gibibytes * entry.seconds
    }
    sum.request = request.clamped
    return sum
  }
}

extension Cluster {
  /// As ``view(of:)``, with what the agent of the task's gateway has itself sent there since.
  public func view(of machine: Int, for task: TaskView, _ ledger: borrowing SentLedger)
    -> MachineView
  {
    var view = view(of: machine)
    guard ledger.hasSent(task, on: self) else { return view }
    let sent = ledger.sent(by: Int(task.gateway), to: machine)
    guard sent.coreSeconds > 0 || sent.memorySeconds > 0 else { return view }
    view.free -= sent.request
    view.cpuBacklog += sent.coreSeconds / max(view.capacity.cpu.value, 1e-9)
    view.memoryBacklog += sent.memorySeconds / max(view.capacity.memory.gibibytes, 1e-9)
    view.isAsleep = false
    view.running += 1
    return view
  }
}
