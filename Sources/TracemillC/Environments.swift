import CTracemill
import Configuration
import Dispatch
import Experiments
import ExternalSchedulers
import Runs
import Simulation
import Synchronization
import Workload

/// Environments that are stepped together: `tm_envs`.
final class Environments: @unchecked Sendable {
  let members: [SchedulingEnvironment]
  let threads: Int
  // The caller's arrays.
  var observations: UnsafeMutablePointer<Float>?
  var masks: UnsafeMutablePointer<UInt8>?
  var rewards: UnsafeMutablePointer<Float>?
  var terminals: UnsafeMutablePointer<UInt8>?
  var truncations: UnsafeMutablePointer<UInt8>?
  var illegal: UnsafeMutablePointer<UInt8>?
  var gateways: UnsafeMutablePointer<Int32>?
  var terms: UnsafeMutablePointer<Float>?
  /// Steps that were sent and not yet received.
  private var flight: Flight?

  init(_ members: [SchedulingEnvironment], threads: Int) {
    self.members = members
    self.threads = threads
  }

  /// Steps on their way, and what became of them.
  private final class Flight: Sendable {
    private let landed = DispatchSemaphore(value: 0)
    private let failure = Mutex<(any Error)?>(nil)

    init(_ body: @escaping @Sendable () throws -> Void) {
      DispatchQueue.global(qos: .userInitiated).async { [self] in
        do { try body() } catch { failure.withLock { $0 = error } }
        landed.signal()
      }
    }

    @discardableResult func land() -> (any Error)? {
      landed.wait()
      return failure.withLock { $0 }
    }
  }

  /// Throws where steps were sent and not received.
  func requireLanded() throws {
    if flight != nil { throw RunError(message: "steps are under way: receive them first") }
  }

  /// Runs `body` on other threads.
  func send(_ body: @escaping @Sendable () throws -> Void) throws {
    try requireLanded()
    flight = Flight(body)
  }

  /// Waits until nothing writes to the caller's arrays any more.
  func settle() {
    flight?.land()
    flight = nil
  }

  /// Waits for what was sent.
  func receive() throws {
    guard let flight else { throw RunError(message: "nothing was sent") }
    self.flight = nil
    if let error = flight.land() { throw error }
  }

  /// Calls `body` with each member that `which` has and then writes what the member sees, on the threads there are;
  /// the first failure by number.
  func forEach(
    _ which: UnsafePointer<UInt8>?,
    _ body: (Int, SchedulingEnvironment) throws -> Void
  ) throws {
    let failed = withoutActuallyEscaping(body) { body in
      let passage = Passage(self, which, body)
      if threads > 1, members.count > 1 {
        DispatchQueue.concurrentPerform(iterations: threads) { _ in passage.takeShares() }
      } else {
        passage.takeShares()
      }
      return passage.failures.withLock { $0 }
    }
    if let first = failed.keys.min(), let error = failed[first] { throw error }
  }

  /// Once through all members, each of which is one thread's at a time.
  private final class Passage: @unchecked Sendable {
    let failures = Mutex<[Int: any Error]>([:])
    private let next = Atomic<Int>(0)
    private let share: Int
    private let environments: Environments
    private let members: [SchedulingEnvironment]
    private let which: UnsafePointer<UInt8>?
    private let body: (Int, SchedulingEnvironment) throws -> Void

    init(
      _ environments: Environments, _ which: UnsafePointer<UInt8>?,
      _ body: @escaping (Int, SchedulingEnvironment) throws -> Void
    ) {
      self.environments = environments
      self.which = which
      self.body = body
      members = environments.members
      let threads = environments.threads
      share = threads > 1 ? max(1, members.count / (threads * 4)) : members.count
    }

    /// Takes shares of the members until there are none.
    func takeShares() {
      while true {
        let start = next.add(share, ordering: .relaxed).oldValue
        guard start < members.count else { return }
        run(start..<min(start + share, members.count))
      }
    }

    /// What a member sees is written when the next one has decided: by then it has been fetched, while many members do
    /// not fit into the cache together.
    private func run(_ places: Range<Int>) {
      var unseen: Int?
      for place in places where which.map({ $0[place] != 0 }) ?? true {
        do {
          try body(place, members[place])
          members[place].prefetchShown()
          if let unseen { environments.show(unseen, members[unseen]) }
          unseen = place
        } catch {
          failures.withLock { $0[place] = error }
        }
      }
      if let unseen { environments.show(unseen, members[unseen]) }
    }
  }

  /// Begins a member's episode.
  func begin(_ member: SchedulingEnvironment, seed: UInt64) throws {
    guard try member.reset(seed: seed) else {
      throw RunError(message: "an episode without a decision (seed \(seed))")
    }
  }

  /// Decides for a member, and writes what came of it, but for what it sees.
  func decide(
    _ place: Int, _ member: SchedulingEnvironment, _ action: Int32
  ) throws -> SchedulingEnvironment.Step {
    let step = try member.step(Int(action))
    rewards?[place] = step.reward
    terminals?[place] = step.isOver ? 1 : 0
    truncations?[place] = step.isCutOff ? 1 : 0
    illegal?[place] = step.isIllegal ? 1 : 0
    if let terms { for term in 0..<4 { terms[4 * place + term] = step.terms[term] } }
    return step
  }

  /// Writes what a member sees into the caller's arrays.
  func show(_ place: Int, _ member: SchedulingEnvironment) {
    if let observations, let masks {
      member.write(
        observations + place * member.observationCount, masks + place * (member.shown + 1))
    }
    gateways?[place] = member.gateway
  }

  /// Nothing has been decided yet.
  func clear(_ place: Int) {
    rewards?[place] = 0
    terminals?[place] = 0
    truncations?[place] = 0
    illegal?[place] = 0
    if let terms { for term in 0..<4 { terms[4 * place + term] = 0 } }
  }

  func step(_ actions: UnsafePointer<Int32>, _ which: UnsafePointer<UInt8>?) throws {
    try forEach(which) { place, member in
      _ = try decide(place, member, actions[place])
    }
  }
}

/// A caller's arrays, which outlive what was sent.
struct Borrowed<Element>: @unchecked Sendable {
  let start: UnsafePointer<Element>
}

/// So many environments as a description states.
func environments(
  _ description: UnsafePointer<CChar>?, _ workload: OpaquePointer?, _ count: Int64,
  _ threads: Int32
) throws -> Environments {
  guard (1...1_000_000).contains(count), (1...4096).contains(threads) else {
    throw RunError(message: "\(count) environments on \(threads) threads: expected some of each")
  }
  let rules = try gameRules(description, workload.map { object($0, as: RecordTable.self) })
  let members = try (0..<Int(count)).map { _ in try SchedulingEnvironment(rules) }
  return Environments(members, threads: Int(threads))
}

@_cdecl("tm_envs_create")
public func envsCreate(
  _ description: UnsafePointer<CChar>?, _ workload: OpaquePointer?, _ count: Int64,
  _ threads: Int32, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  attempt(error) { handle(try environments(description, workload, count, threads)) }
}

@_cdecl("tm_envs_shape")
public func envsShape(
  _ envs: OpaquePointer?, _ observation: UnsafeMutablePointer<Int64>?,
  _ actions: UnsafeMutablePointer<Int64>?, _ machines: UnsafeMutablePointer<Int64>?
) {
  guard let envs else { return }
  let first = object(envs, as: Environments.self).members[0]
  observation?.pointee = Int64(first.observationCount)
  actions?.pointee = Int64(first.shown + 1)
  machines?.pointee = Int64(first.machines)
}

@_cdecl("tm_envs_bind")
public func envsBind(
  _ envs: OpaquePointer?, _ observations: UnsafeMutablePointer<Float>?,
  _ masks: UnsafeMutablePointer<UInt8>?, _ rewards: UnsafeMutablePointer<Float>?,
  _ terminals: UnsafeMutablePointer<UInt8>?, _ truncations: UnsafeMutablePointer<UInt8>?,
  _ illegal: UnsafeMutablePointer<UInt8>?, _ gateways: UnsafeMutablePointer<Int32>?
) {
  guard let envs else { return }
  let environments = object(envs, as: Environments.self)
  environments.observations = observations
  environments.masks = masks
  environments.rewards = rewards
  environments.terminals = terminals
  environments.truncations = truncations
  environments.illegal = illegal
  environments.gateways = gateways
}

@_cdecl("tm_envs_bind_terms")
public func envsBindTerms(_ envs: OpaquePointer?, _ terms: UnsafeMutablePointer<Float>?) {
  guard let envs else { return }
  object(envs, as: Environments.self).terms = terms
}

@_cdecl("tm_envs_reset")
public func envsReset(
  _ envs: OpaquePointer?, _ seeds: UnsafePointer<UInt64>?, _ which: UnsafePointer<UInt8>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let envs, let seeds else { throw RunError(message: "no environments, or no seeds") }
    let environments = object(envs, as: Environments.self)
    try environments.requireLanded()
    try environments.forEach(which) { place, member in
      environments.clear(place)
      try environments.begin(member, seed: seeds[place])
    }
    return 0
  } ?? 1
}

@_cdecl("tm_envs_step")
public func envsStep(
  _ envs: OpaquePointer?, _ actions: UnsafePointer<Int32>?, _ which: UnsafePointer<UInt8>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let envs, let actions else { throw RunError(message: "no environments, or no actions") }
    let environments = object(envs, as: Environments.self)
    try environments.requireLanded()
    try environments.step(actions, which)
    return 0
  } ?? 1
}

@_cdecl("tm_envs_send")
public func envsSend(
  _ envs: OpaquePointer?, _ actions: UnsafePointer<Int32>?, _ which: UnsafePointer<UInt8>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let envs, let actions else { throw RunError(message: "no environments, or no actions") }
    let environments = object(envs, as: Environments.self)
    let (chosen, some) = (Borrowed(start: actions), which.map { Borrowed(start: $0) })
    try environments.send { try environments.step(chosen.start, some?.start) }
    return 0
  } ?? 1
}

@_cdecl("tm_envs_recv")
public func envsReceive(
  _ envs: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let envs else { throw RunError(message: "no environments") }
    try object(envs, as: Environments.self).receive()
    return 0
  } ?? 1
}

@_cdecl("tm_envs_state")
public func envsState(
  _ envs: OpaquePointer?, _ place: Int64, _ state: UnsafeMutablePointer<Float>?
) {
  guard let envs, let state else { return }
  let members = object(envs, as: Environments.self).members
  guard members.indices.contains(Int(clamping: place)) else { return }
  members[Int(place)].writeState(state)
}

@_cdecl("tm_envs_ended")
public func envsEnded(
  _ envs: OpaquePointer?, _ place: Int64, _ out: UnsafeMutablePointer<tm_ended>?,
  _ capacity: Int64
) -> Int64 {
  guard let envs else { return 0 }
  let members = object(envs, as: Environments.self).members
  guard members.indices.contains(Int(clamping: place)) else { return 0 }
  let ended = members[Int(place)].ended
  if let out {
    for (index, result) in ended.prefix(Int(clamping: max(capacity, 0))).enumerated() {
      out[index] = tm_ended(result)
    }
  }
  return Int64(ended.count)
}

@_cdecl("tm_envs_free")
public func envsFree(_ envs: OpaquePointer?) {
  if let envs { object(envs, as: Environments.self).settle() }
  release(envs, as: Environments.self)
}
