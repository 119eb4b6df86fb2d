import Synchronization

/// Entries of a registry that other packages add while a program begins: each name once.
package final class Registered<Entry: Sendable>: Sendable {
  private let entries = Mutex<[(name: String, entry: Entry)]>([])

  /// Nothing is registered.
  package init() {}

  /// Those that were added, in the order in which they were.
  package var all: [Entry] { entries.withLock { $0.map(\.entry) } }

  /// Adds `entry`, or replaces the one that was added under this name.
  package func add(_ entry: Entry, named name: String) {
    entries.withLock { known in
      if let place = known.firstIndex(where: { $0.name == name }) {
        known[place].entry = entry
      } else {
        known.append((name, entry))
      }
    }
  }
}
