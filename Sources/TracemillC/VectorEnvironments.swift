import CTracemill
import Runs
import Simulation

/// Environments that begin their next episodes by themselves: `tm_vec`, in the shape that PufferLib's
/// bindings have.
final class VectorEnvironments: @unchecked Sendable {
  let environments: Environments
  private let actions: UnsafePointer<Int32>
  private var seeds: [UInt64]
  private var running: [(steps: Int, rewards: Double)]
  /// Since the last ``takeLog()``.
  private var finished: [(episodes: Int, steps: Int, rewards: Double)]

  init(_ environments: Environments, _ actions: UnsafePointer<Int32>) {
    self.environments = environments
    self.actions = actions
    let count = environments.members.count
    seeds = Array(repeating: 0, count: count)
    running = Array(repeating: (0, 0), count: count)
    finished = Array(repeating: (0, 0, 0), count: count)
  }

  func reset(seed: UInt64) throws {
    for place in seeds.indices {
      seeds[place] = seed &+ UInt64(place)
      running[place] = (0, 0)
    }
    try environments.requireLanded()
    try environments.forEach(nil) { place, member in
      environments.clear(place)
      try environments.begin(member, seed: seeds[place])
    }
  }

  /// Decides everywhere. Where an episode ends, what is seen is the next one's beginning.
  func step() throws {
    let count = UInt64(seeds.count)
    // Each member's own places only.
    try seeds.withUnsafeMutableBufferPointer { seeds in
      try running.withUnsafeMutableBufferPointer { running in
        try finished.withUnsafeMutableBufferPointer { finished in
          try environments.forEach(nil) { place, member in
            let step = try environments.decide(place, member, actions[place])
            running[place].steps += 1
            running[place].rewards += Double(step.reward)
            guard step.isOver || step.isCutOff else { return }
            finished[place].episodes += 1
            finished[place].steps += running[place].steps
            finished[place].rewards += running[place].rewards
            running[place] = (0, 0)
            seeds[place] &+= count
            try environments.begin(member, seed: seeds[place])
          }
        }
      }
    }
  }

  /// Episodes that ended since the last time, with their steps and rewards.
  func takeLog() -> (episodes: Int, steps: Int, rewards: Double) {
    let log = finished.reduce((0, 0, 0.0)) {
      ($0.0 + $1.episodes, $0.1 + $1.steps, $0.2 + $1.rewards)
    }
    for place in finished.indices { finished[place] = (0, 0, 0) }
    return log
  }
}

@_cdecl("tm_vec_init")
public func vecInit(
  _ description: UnsafePointer<CChar>?, _ workload: OpaquePointer?,
  _ observations: UnsafeMutablePointer<Float>?, _ actions: UnsafePointer<Int32>?,
  _ rewards: UnsafeMutablePointer<Float>?, _ terminals: UnsafeMutablePointer<UInt8>?,
  _ truncations: UnsafeMutablePointer<UInt8>?, _ masks: UnsafeMutablePointer<UInt8>?,
  _ count: Int64, _ threads: Int32, _ seed: UInt64,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  attempt(error) {
    guard let observations, let actions, let rewards, let terminals, let truncations, let masks
    else {
      throw RunError(message: "an array is missing")
    }
    let environments = try environments(description, workload, count, threads)
    environments.observations = observations
    environments.rewards = rewards
    environments.terminals = terminals
    environments.truncations = truncations
    environments.masks = masks
    let vector = VectorEnvironments(environments, actions)
    try vector.reset(seed: seed)
    return handle(vector)
  }
}

@_cdecl("tm_vec_reset")
public func vecReset(
  _ vec: OpaquePointer?, _ seed: UInt64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let vec else { throw RunError(message: "no environments") }
    try object(vec, as: VectorEnvironments.self).reset(seed: seed)
    return 0
  } ?? 1
}

@_cdecl("tm_vec_step")
public func vecStep(
  _ vec: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let vec else { throw RunError(message: "no environments") }
    let vector = object(vec, as: VectorEnvironments.self)
    try vector.environments.requireLanded()
    try vector.step()
    return 0
  } ?? 1
}

@_cdecl("tm_vec_send")
public func vecSend(
  _ vec: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let vec else { throw RunError(message: "no environments") }
    let vector = object(vec, as: VectorEnvironments.self)
    try vector.environments.send { try vector.step() }
    return 0
  } ?? 1
}

@_cdecl("tm_vec_recv")
public func vecReceive(
  _ vec: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let vec else { throw RunError(message: "no environments") }
    try object(vec, as: VectorEnvironments.self).environments.receive()
    return 0
  } ?? 1
}

@_cdecl("tm_vec_log")
public func vecLog(
  _ vec: OpaquePointer?, _ episodes: UnsafeMutablePointer<Int64>?,
  _ steps: UnsafeMutablePointer<Int64>?, _ rewards: UnsafeMutablePointer<Double>?
) {
  guard let vec else { return }
  let log = object(vec, as: VectorEnvironments.self).takeLog()
  episodes?.pointee = Int64(log.episodes)
  steps?.pointee = Int64(log.steps)
  rewards?.pointee = log.rewards
}

@_cdecl("tm_vec_close")
public func vecClose(_ vec: OpaquePointer?) {
  if let vec { object(vec, as: VectorEnvironments.self).environments.settle() }
  release(vec, as: VectorEnvironments.self)
}
