import Foundation
import Simulation
import Workload

/// What waits can be told apart by that results do not say of their tasks.
public enum WaitGrouping: String, CaseIterable, Codable, Hashable, Sendable {
  /// Who submitted the task.
  case user
  /// The cores it asks for, a gang with all its instances, in powers of two.
  case size
}

/// The waits of a group of tasks of a run.
public struct WaitGroup: Codable, Hashable, Sendable {
  /// What the group is called: a class, a user, `up to 4 cores`.
  public var name: String
  /// Tasks that started.
  public var count: Int
  /// Their mean wait in seconds.
  public var mean: Double

  /// A group; nil of no tasks.
  init?(_ name: String, _ wait: Tally) {
    guard wait.count > 0 else { return nil }
    (self.name, count, mean) = (name, wait.count, wait.mean * 1e-6)
  }

  /// A group of these tasks.
  public init(name: String, count: Int, mean: Double) {
    (self.name, self.count, self.mean) = (name, count, mean)
  }
}

/// Waits by something that a result does not say of its task: it is taken from the tasks as they go in.
package final class WaitGroups {
  private struct Traits {
    var user: UserID
    var cores: Double
    var instances: Int32
  }

  /// A group of tasks.
  package struct Group {
    package var name: String
    package var wait = Tally()
  }

  private let groupings: [WaitGrouping]
  private var traits: [TaskID: Traits] = [:]
  private var byUser: [UserID: Tally] = [:]
  private var bySize: [Int: Tally] = [:]

  package init(_ groupings: [WaitGrouping]) { self.groupings = groupings }

  /// A task goes in. 40 bytes of each are kept.
  package func add(_ task: TaskRecord) {
    traits[task.id] = Traits(
      user: task.user, cores: task.request.cpu.value, instances: max(task.instances, 1))
  }

  /// A task has come to its end. One of the warm-up is left out.
  package func record(_ result: TaskResult) {
    guard result.isMeasured, result.attempts > 0, let known = traits[result.id] else { return }
    byUser[known.user, default: Tally()].record(result.wait.rawValue)
    // Of a record of several instances each asks for as much; a rigid parallel job says what all of it asks for.
    let isGang = result.instances > 1 && known.instances > 1
    let cores = known.cores * (isGang ? Double(result.instances) : 1)
    let power = cores > 0 ? Int(log2(cores).rounded(.up)) : Int.min
    bySize[power, default: Tally()].record(result.wait.rawValue)
  }

  /// The groups: users by their number of tasks, the most first; sizes ascending.
  ///
  /// - Parameter users: the users' names by their numbers; those without are numbered.
  package func groups(users: [String]) -> [(grouping: WaitGrouping, groups: [Group])] {
    groupings.map { grouping in
      switch grouping {
      case .user:
        let sorted = byUser.sorted {
          ($1.value.count, $0.key.rawValue) < ($0.value.count, $1.key.rawValue)
        }
        return (
          grouping, sorted.map { Group(name: Self.name($0.key, among: users), wait: $0.value) }
        )
      case .size:
        let sorted = bySize.sorted { $0.key < $1.key }
        return (grouping, sorted.map { Group(name: Self.name(power: $0), wait: $1) })
      }
    }
  }

  private static func name(_ user: UserID, among users: [String]) -> String {
    let place = Int(user.rawValue)
    if users.indices.contains(place), !users[place].isEmpty { return users[place] }
    return user == .unknown ? "unknown" : "user \(user.rawValue)"
  }

  private static func name(power: Int) -> String {
    guard power > Int.min else { return "no cores asked for" }
    let most = exp2(Double(power))
    return "up to \(String(format: "%g", most)) core\(most == 1 ? "" : "s")"
  }
}

/// Tells of each task as it goes by.
package struct TappedTasks<Base: WorkloadSource>: WorkloadSource {
  package typealias Failure = Base.Failure
  var base: Base
  let groups: WaitGroups?

  package init(base: Base, groups: WaitGroups?) { (self.base, self.groups) = (base, groups) }

  package mutating func next() throws(Base.Failure) -> TaskRecord? {
    let task = try base.next()
    if let groups, let task { groups.add(task) }
    return task
  }
}
