import ExternalSchedulers
import Simulation
import Workload

/// A learned policy from outside: it sees what an environment shows and answers with an action, by the rules of
/// ``SchedulingEnvironment``.
public struct ObservedPolicy: PlacementPolicy, ForeignPolicy, @unchecked Sendable {
  /// What it is told and what it answers: the observation, the mask of actions, the action (the last is to
  /// wait). It may be called from any thread, a run at a time.
  public typealias Act =
    (UnsafeBufferPointer<Float>, UnsafeBufferPointer<UInt8>) throws(ForeignFailure) -> Int

  public let name: String
  public let outcome = ForeignOutcome()
  public var goesByEstimates: Bool { true }
  private let observation: SchedulingEnvironment.Observation
  private let candidates: Int?
  private let sampling: CandidateSampler.Weighting
  private let act: Act
  private var writer: ObservationWriter
  private var places: [Int32] = []
  private var row: [Float] = []
  private var mask: [UInt8] = []

  /// A policy that decides by `act`.
  ///
  /// - Parameters:
  ///   - name: what results call it.
  ///   - observation: what it sees.
  ///   - candidates: how many machines it is shown; all of them if nil.
  ///   - sampling: how they are drawn.
  ///   - act: what it does.
  public init(
    name: String, observation: SchedulingEnvironment.Observation, candidates: Int?,
    sampling: CandidateSampler.Weighting, act: @escaping Act
  ) {
    self.name = name
    self.observation = observation
    self.candidates = candidates
    self.sampling = sampling
    self.act = act
    writer = ObservationWriter(observation, sampling: sampling)
  }

  public mutating func runBegan(on cluster: borrowing Cluster) {
    let shown = min(candidates ?? cluster.count, cluster.count)
    places = (0..<Int32(shown)).map { $0 }
    writer = ObservationWriter(observation, sampling: sampling)
    writer.begin(cluster)
    row = Array(repeating: 0, count: writer.count(shown: shown))
    mask = Array(repeating: 1, count: shown + 1)
  }

  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard outcome.failure == nil else { return .machine(-1) }
    if candidates != nil { writer.draw(places.count, task, cluster, &rng, into: &places) }
    row.withUnsafeMutableBufferPointer { row in
      mask.withUnsafeMutableBufferPointer { mask in
        writer.write(places, task, cluster, to: row.baseAddress!, mask.baseAddress!)
      }
    }
    let action: Int
    do throws(ForeignFailure) {
      action = try unsafeAct()
    } catch {
      outcome.note(error)
      return .machine(-1)
    }
    guard places.indices.contains(action), places[action] >= 0 else { return .wait }
    let machine = Int(places[action])
    guard cluster.canTake(task, on: machine) else { return .wait }
    writer.decided(task, machine, cluster)
    return .machine(machine)
  }

  private func unsafeAct() throws(ForeignFailure) -> Int {
    let result = row.withUnsafeBufferPointer { row in
      mask.withUnsafeBufferPointer { mask -> Result<Int, ForeignFailure> in
        do throws(ForeignFailure) { return .success(try act(row, mask)) } catch {
          return .failure(error)
        }
      }
    }
    return try result.get()
  }
}
