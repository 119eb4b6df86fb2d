import Diagnostics
import Workload

/// Stretches of lives as they were packed elsewhere, with their own numbers of users and requests: checked, told
/// apart by shard, and put into a store without being made lives of the table's kind.
final class PackedStretches {
  /// The users' numbers here, by their numbers there.
  private let users: [UInt32]
  /// The requests, by their numbers there less 1.
  private let sets: [RequestSet]
  private let shards: Int
  /// For each shard, the requests' numbers there by their numbers here; `unknown` where that was not asked.
  private var numbers: [[UInt16]]
  /// For each shard, where its stretches of the piece at hand begin, and their hashes.
  private var places: [[(place: UInt32, hash: UInt64)]]
  private var bytes: [UInt8] = []

  private static var unknown: UInt16 { .max }

  /// - Parameters:
  ///   - users: the users' numbers here, by their numbers there, the first of them for none.
  ///   - sets: the requests that stretches refer to, checked.
  ///   - shards: how many shards there are.
  init(users: [UInt32], sets: [RequestSet], shards: Int) {
    (self.users, self.sets, self.shards) = (users, sets, shards)
    numbers = Array(
      repeating: Array(repeating: Self.unknown, count: sets.count + 1), count: shards)
    places = Array(repeating: [], count: shards)
  }

  /// Takes a piece, and finds its stretches. O(n).
  ///
  /// - Throws: `TraceError` for bytes that no life was packed to, since a file with the right digest may still
  ///   be anybody's.
  func take(_ piece: consuming [UInt8]) throws(TraceError) {
    for shard in 0..<shards { places[shard].removeAll(keepingCapacity: true) }
    let (end, single) = (piece.count, shards == 1)
    bytes = piece
    // Words are read beyond the end, and as far as a header can claim.
    bytes += [UInt8](repeating: 0, count: 2 * Lifecycle.maximumPackedSize + 256)
    let isWhole = bytes.withUnsafeBytes { bytes in
      let base = bytes.baseAddress.unsafelyUnwrapped
      var place = 0
      while place < end {
        let start = base + place
        let hash = LifecycleTable.hash(Lifecycle.id(packed: start))
        places[single ? 0 : EventBatch.shard(hash, of: shards)].append(
          (UInt32(truncatingIfNeeded: place), hash))
        place += Lifecycle.packedSize(start)
      }
      return place == end
    }
    guard isWhole else { throw Self.damage }
  }

  /// Adds the piece's stretches of a shard to its store, in their order. O(n).
  func add(shard: Int, to store: inout LifeStore) throws(TraceError) {
    var failure: TraceError?
    bytes.withUnsafeBytes { bytes in
      users.withUnsafeBufferPointer { users in
        sets.withUnsafeBufferPointer { sets in
          numbers[shard].withUnsafeMutableBufferPointer { numbers in
            do throws(TraceError) {
              let base = bytes.baseAddress.unsafelyUnwrapped
              let places = self.places[shard]
              var next = 0
              while next < places.count, store.partitions == nil {
                let (place, hash) = places[next]
                let stretch = try Self.stretch(at: base + Int(place), users, sets, numbers, &store)
                try store.add(hash: hash) { stretch.pack(to: $0) }
                next += 1
              }
              guard let partitions = store.partitions else { return }
              while next < places.count {
                let (place, hash) = places[next]
                let stretch = try Self.stretch(at: base + Int(place), users, sets, numbers, &store)
                try store.add(hash: hash, in: partitions) { stretch.pack(to: $0) }
                next += 1
              }
            } catch {
              failure = error
            }
          }
        }
      }
    }
    if let failure { throw failure }
  }

  /// A stretch, checked, with its numbers here.
  private struct Stretch {
    let life: Lifecycle
    let bytes: UnsafeRawPointer
    let size: Int
    /// The number of its requests; 0 where they have none here or there.
    let number: UInt16

    @inline(__always)
    func pack(to out: UnsafeMutableRawPointer) -> Int {
      number > 0 && !isInline
        ? Lifecycle.repack(bytes, size: size, to: out, requests: number, user: life.user.rawValue)
        : life.pack(to: out, requests: number)
    }

    /// Whether its requests stand in it.
    let isInline: Bool
  }

  @inline(__always)
  private static func stretch(
    at bytes: UnsafeRawPointer, _ users: UnsafeBufferPointer<UInt32>,
    _ sets: UnsafeBufferPointer<RequestSet>, _ numbers: UnsafeMutableBufferPointer<UInt16>,
    _ store: inout LifeStore
  ) throws(TraceError) -> Stretch {
    var (size, set) = (0, UInt16(0))
    var life = Lifecycle(packed: bytes, nil, size: &size, set: &set)
    let user = Int(life.user.rawValue)
    guard user < users.count, Int(set) <= sets.count, life.isPlausible,
      set > 0 || life.requests.isPlausible
    else { throw Self.damage }
    life.user = UserID(users[user])
    var number = numbers[Int(set)]
    if set == 0 || number == Self.unknown {
      if set > 0 { life.requests = sets[Int(set) - 1] }
      number = store.requests.number(of: life.requests)
      numbers[Int(set)] = number
    } else if number == 0 {
      life.requests = sets[Int(set) - 1]
    }
    return Stretch(life: life, bytes: bytes, size: size, number: number, isInline: set == 0)
  }

  private static var damage: TraceError {
    TraceError(.damaged, "kept work is damaged: remove its folder")
  }
}
