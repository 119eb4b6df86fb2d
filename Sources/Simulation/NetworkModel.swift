import Workload

/// How long it takes to reach a machine, and to carry data between two.
///
/// Machines are grouped by index: so many to a rack, so many racks to a cluster. A transfer takes the
/// latency of the lowest level that both machines share, and its data at that level's bandwidth;
/// flows do not compete.
public struct NetworkModel: Hashable, Sendable {
  /// A level of the network.
  public struct Level: Hashable, Sendable {
    /// Time for the first byte.
    public var latency: Microseconds
    /// Bytes a second (> 0; infinite is allowed).
    public var bandwidth: Double

    /// A level of this latency and bandwidth.
    public init(latency: Microseconds, bandwidth: Double = .infinity) {
      precondition(latency >= .zero && bandwidth > 0, "a network level needs a positive bandwidth")
      self.latency = latency
      self.bandwidth = bandwidth
    }
  }

  /// From the scheduler to any machine: every task begins this much later.
  public var dispatch: Microseconds
  /// Machines a rack.
  public var machinesPerRack: Int
  /// Racks a cluster.
  public var racksPerCluster: Int
  /// Within a rack.
  public var rack: Level
  /// Between racks of a cluster.
  public var cluster: Level
  /// Between clusters.
  public var site: Level
  /// What every task fetches from storage before it runs, over the site's level, beside what its
  /// predecessors hand over.
  public var input = Bytes.zero
  /// What every task carries to storage when it has run, over the site's level; it holds its machine
  /// until then.
  public var output = Bytes.zero
  /// Whether what a predecessor hands over is sent to wherever it will be needed as soon as it is ready,
  /// as models of task graphs have it (Topcuoglu, Hariri and Wu, 2002): what has arrived when the task
  /// starts keeps it no longer. Otherwise it is fetched when the task has its machine.
  public var pushesData = false

  /// The same everywhere.
  public init(constant latency: Microseconds, bandwidth: Double = .infinity) {
    let level = Level(latency: latency, bandwidth: bandwidth)
    self.init(
      dispatch: latency, machinesPerRack: .max, racksPerCluster: 1, rack: level, cluster: level,
      site: level)
  }

  /// Two levels above the rack.
  public init(
    dispatch: Microseconds, machinesPerRack: Int, racksPerCluster: Int, rack: Level,
    cluster: Level, site: Level
  ) {
    precondition(machinesPerRack > 0 && racksPerCluster > 0, "a group has at least one member")
    self.dispatch = dispatch
    self.machinesPerRack = machinesPerRack
    self.racksPerCluster = racksPerCluster
    self.rack = rack
    self.cluster = cluster
    self.site = site
  }

  /// Time to fetch a task's input from storage.
  var fetch: Microseconds { site.time(for: input) }

  /// Time to carry a task's output to storage.
  var store: Microseconds { site.time(for: output) }

  /// The mean time to carry `data` between two different of so many machines; zero for one. O(1).
  func meanTransfer(_ data: Bytes, machines: Int) -> Microseconds {
    guard machines > 1 else { return .zero }
    /// How many ordered pairs lie in groups of `size`.
    func pairs(_ size: Int) -> Double {
      guard size < machines else { return Double(machines) * Double(machines - 1) }
      let (groups, rest) = (machines / size, machines % size)
      return Double(groups) * Double(size) * Double(size - 1) + Double(rest) * Double(rest - 1)
    }
    let (size, overflow) = machinesPerRack.multipliedReportingOverflow(by: racksPerCluster)
    let (inRack, inCluster) = (pairs(machinesPerRack), pairs(overflow ? .max : size))
    let all = pairs(.max)
    func seconds(_ level: Level) -> Double {
      level.latency.seconds + Double(data.rawValue) / level.bandwidth
    }
    return Microseconds(
      seconds: (inRack * seconds(rack) + (inCluster - inRack) * seconds(cluster)
        + (all - inCluster) * seconds(site)) / all)
  }

  /// Time to carry `data` from one machine to another; nothing if they are the same.
  public func transfer(_ data: Bytes, from: Int, to: Int) -> Microseconds {
    guard from != to else { return .zero }
    let (a, b) = (from / machinesPerRack, to / machinesPerRack)
    let level =
      a == b ? rack : a / racksPerCluster == b / racksPerCluster ? cluster : site
    return level.latency + Microseconds(seconds: Double(data.rawValue) / level.bandwidth)
  }
}

extension NetworkModel.Level {
  /// Time to carry so much; none for nothing.
  fileprivate func time(for data: Bytes) -> Microseconds {
    data > .zero ? latency + Microseconds(seconds: Double(data.rawValue) / bandwidth) : .zero
  }
}
