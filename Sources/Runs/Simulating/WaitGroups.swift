import Foundation
import Simulation
import Workload

/// What waits can be told apart by.
public enum WaitGrouping: String, CaseIterable, Sendable {
  /// Who submitted the task.
  case user
  /// The cores it asks for, in powers of two.
  case size
}

/// Waits by something that a result does not say of its task: it is taken from the tasks as they go in.
final class WaitGroups {
  private struct Traits {
    var user: UserID
    var cores: Double
  }

  /// A group of tasks.
  struct Group {
    var name: String
    var wait = Tally()
  }

  private let groupings: [WaitGrouping]
  private var traits: [TaskID: Traits] = [:]
  private var byUser: [UserID: Tally] = [:]
  private var bySize: [Int: Tally] = [:]

  init(_ groupings: [WaitGrouping]) { self.groupings = groupings }

  /// A task goes in. 40 bytes of each are kept.
  func add(_ task: TaskRecord) {
    traits[task.id] = Traits(user: task.user, cores: task.request.cpu.value)
  }

  /// A task has come to its end.
  func record(_ result: TaskResult) {
    guard result.attempts > 0, let known = traits[result.id] else { return }
    byUser[known.user, default: Tally()].record(result.wait.rawValue)
    let power = known.cores > 0 ? Int(log2(known.cores).rounded(.up)) : Int.min
    bySize[power, default: Tally()].record(result.wait.rawValue)
  }

  /// The groups: users by their number of tasks, the most first; sizes ascending.
  func groups(names: (UserID) -> String) -> [(grouping: WaitGrouping, groups: [Group])] {
    groupings.map { grouping in
      switch grouping {
      case .user:
        let sorted = byUser.sorted {
          ($1.value.count, $0.key.rawValue) < ($0.value.count, $1.key.rawValue)
        }
        return (grouping, sorted.map { Group(name: names($0.key), wait: $0.value) })
      case .size:
        let sorted = bySize.sorted { $0.key < $1.key }
        return (
          grouping,
          sorted.map { power, wait in
            let most = power == Int.min ? 0 : exp2(Double(power))
            return Group(name: "up to \(significant(most)) cores", wait: wait)
          }
        )
      }
    }
  }
}

/// The same tasks, each noted in `groups` before it is handed on.
struct TappedTasks<Base: WorkloadSource>: WorkloadSource {
  typealias Failure = Base.Failure
  var base: Base
  let groups: WaitGroups?

  mutating func next() throws(Base.Failure) -> TaskRecord? {
    let task = try base.next()
    if let groups, let task { groups.add(task) }
    return task
  }
}
