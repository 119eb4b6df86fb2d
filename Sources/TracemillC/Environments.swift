import CTracemill
import Configuration
import Dispatch
import Experiments
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

  init(_ members: [SchedulingEnvironment], threads: Int) {
    self.members = members
    self.threads = threads
  }

  /// Calls `body` with each member that `which` has, on the threads there are; the first failure by number.
  func forEach(
    _ which: UnsafePointer<UInt8>?, _ body: (Int, SchedulingEnvironment) throws -> Void
  ) throws {
    guard threads > 1, members.count > 1 else {
      for (place, member) in members.enumerated() where which.map({ $0[place] != 0 }) ?? true {
        try body(place, member)
      }
      return
    }
    let failures = Mutex<[Int: any Error]>([:])
    let next = Atomic<Int>(0)
    let share = max(1, members.count / (threads * 4))
    withoutActuallyEscaping(body) { body in
      let work = Work(members: members, which: which, body: body)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while true {
          let start = next.add(share, ordering: .relaxed).oldValue
          guard start < work.members.count else { return }
          for place in start..<min(start + share, work.members.count)
          where work.which.map({ $0[place] != 0 }) ?? true {
            do { try work.body(place, work.members[place]) } catch {
              failures.withLock { $0[place] = error }
            }
          }
        }
      }
    }
    let found = failures.withLock { $0 }
    if let first = found.keys.min(), let error = found[first] { throw error }
  }

  /// Each member is one thread's at a time.
  private struct Work: @unchecked Sendable {
    let members: [SchedulingEnvironment]
    let which: UnsafePointer<UInt8>?
    let body: (Int, SchedulingEnvironment) throws -> Void
  }

  /// Writes what a member sees into the caller's arrays.
  func show(_ place: Int, _ member: SchedulingEnvironment) {
    if let observations, let masks {
      member.write(
        observations + place * member.observationCount, masks + place * (member.shown + 1))
    }
    gateways?[place] = member.gateway
  }
}

@_cdecl("tm_envs_create")
public func envsCreate(
  _ description: UnsafePointer<CChar>?, _ workload: OpaquePointer?, _ count: Int64,
  _ threads: Int32, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  let table = workload.map { object($0, as: RecordTable.self) }
  return attempt(error) {
    guard (1...1_000_000).contains(count), (1...4096).contains(threads) else {
      throw RunError(message: "\(count) environments on \(threads) threads: expected some of each")
    }
    let rules: SchedulingEnvironment.Rules = try described(description) { root in
      gameRules(root, table)
    }
    let members = try (0..<Int(count)).map { _ in try SchedulingEnvironment(rules) }
    return handle(Environments(members, threads: Int(threads)))
  }
}

/// The rules that a description states.
private func gameRules(
  _ root: ConfigurationNode, _ table: RecordTable?
) -> SchedulingEnvironment.Rules? {
  let workload = root.string("workload", required: table == nil)
  let cluster = DescribedCluster(root, "cluster")
  if root["cluster"] == nil { root.problem(at: "cluster", "is missing") }
  var options = SimulationOptions()
  if let engine = root.object("engine") { EngineSettings(engine).apply(to: &options) }
  let candidates = root.integer("candidates", in: 1...1_000_000)
  let horizon = root.integer("horizon", in: 1...Int(Int32.max))
  let scale = root.number("rewardScale", in: .positive)
  guard let cluster else { return nil }
  var rules = SchedulingEnvironment.Rules(
    layout: { try cluster.layout(seed: $0) },
    tasks: { seed, cores in
      if let table {
        return NamedWorkload(
          table.tasks, users: table.symbols.strings, dependencies: table.dependencies)
      }
      return try NamedWorkload(workload ?? "", seed: seed, cores: cores)
    }, options: options)
  rules.candidates = candidates
  rules.horizon = horizon
  if let scale { rules.rewardScale = scale }
  return rules
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

@_cdecl("tm_envs_reset")
public func envsReset(
  _ envs: OpaquePointer?, _ seeds: UnsafePointer<UInt64>?, _ which: UnsafePointer<UInt8>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let envs, let seeds else { throw RunError(message: "no environments, or no seeds") }
    let environments = object(envs, as: Environments.self)
    try environments.forEach(which) { place, member in
      guard try member.reset(seed: seeds[place]) else {
        throw RunError(message: "an episode without a decision (seed \(seeds[place]))")
      }
      environments.rewards?[place] = 0
      environments.terminals?[place] = 0
      environments.truncations?[place] = 0
      environments.illegal?[place] = 0
      environments.show(place, member)
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
    try environments.forEach(which) { place, member in
      let step = try member.step(Int(actions[place]))
      environments.rewards?[place] = step.reward
      environments.terminals?[place] = step.isOver ? 1 : 0
      environments.truncations?[place] = step.isCutOff ? 1 : 0
      environments.illegal?[place] = step.isIllegal ? 1 : 0
      environments.show(place, member)
    }
    return 0
  } ?? 1
}

@_cdecl("tm_envs_free")
public func envsFree(_ envs: OpaquePointer?) { release(envs, as: Environments.self) }
