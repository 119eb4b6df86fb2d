import Foundation
import Synchronization
import Workload

/// The pure jobs of a training, episodes for the most part, done by several processes.
///
/// A training is a row of batches of jobs, with steps between them that hang on what the jobs came to and on nothing
/// else. So a process that knows what the jobs of all batches so far came to is where any other is, without running
/// them; it does its share of the next batch, and that is all that it has to tell.
public final class SharedJobs: Sendable {
  /// One job: of a scope, whose batches are counted from 0, by its place in its batch.
  public struct Place: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Which part of the training, such as what it goes on from.
    public var scope: String
    /// Which batch of the scope.
    public var batch: Int
    /// Which job of the batch.
    public var job: Int

    public var description: String { "job \(job + 1) of batch \(batch + 1)" }

    public static func < (a: Self, b: Self) -> Bool {
      (a.scope, a.batch, a.job) < (b.scope, b.batch, b.job)
    }
  }

  /// What is known has come to its end: thrown out of the training, which is then of no use.
  public struct Ended: Error {
    /// What the process's share of the next batch came to, encoded.
    public let made: [Place: Data]
    /// How many jobs the next batch has.
    public let batch: Int
    /// Which part of the training it is of.
    public let scope: String
  }

  /// Which jobs that are not known a process does.
  public enum Share: Sendable {
    /// All: the training goes on.
    case all
    /// A share of those of the next batch, every so many.
    case some(Shard)
    /// None.
    case none
  }

  private let known: [Place: Data]
  private let share: Share
  private let next = Mutex<(scope: String, batch: Int)>(("", 0))
  @TaskLocal static var current: SharedJobs?

  /// Jobs some of which are done.
  ///
  /// - Parameters:
  ///   - known: what they came to, as ``Ended/made`` had it.
  ///   - share: which of the others are done here.
  public init(known: [Place: Data], share: Share) {
    (self.known, self.share) = (known, share)
  }

  /// Runs a part of a training on this thread, whose batches are shared.
  ///
  /// - Throws: ``Ended`` where what is known ends, unless all jobs are done here; and what `body` throws.
  public func sharing<Value>(_ scope: String, _ body: () throws -> Value) throws -> Value {
    next.withLock { $0 = (scope, 0) }
    return try Self.$current.withValue(self) { try body() }
  }

  /// The jobs of the next batch; `run` does those at some places.
  func batch<Value: Codable>(_ count: Int, _ run: ([Int]) throws -> [Value]) throws -> [Value] {
    let (scope, batch) = next.withLock { next in
      next.batch += 1
      return (next.scope, next.batch - 1)
    }
    let places = (0..<count).map { Place(scope: scope, batch: batch, job: $0) }
    let open = places.indices.filter { known[places[$0]] == nil }
    let own: [Int] =
      switch share {
      case .all: open
      case .some(let shard): open.filter { $0 % shard.count == shard.number - 1 }
      case .none: []
      }
    let made = Dictionary(zip(own, try own.isEmpty ? [] : run(own))) { first, _ in first }
    if case .all = share {
    } else if !open.isEmpty {
      var told: [Place: Data] = [:]
      for (place, value) in made { told[places[place]] = try Self.encoder.encode([value]) }
      throw Ended(made: told, batch: count, scope: scope)
    }
    return try places.indices.map { index in
      if let value = made[index] { return value }
      guard let data = known[places[index]],
        let value = try? Self.decoder.decode([Value].self, from: data).first
      else { throw CheckpointError.damaged("\(places[index]) is known, but as something else") }
      return value
    }
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
