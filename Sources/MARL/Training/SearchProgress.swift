/// What a generation of a search by ``CMAES`` came to; losses are logarithms.
public struct SearchProgress: Hashable, Sendable {
  /// Which, from 1.
  public var generation: Int
  /// Mean loss of its points.
  public var mean: Double
  /// Loss of its best point.
  public var best: Double
  /// The least loss of what may be the result on what is kept for validation, where that was looked at.
  public var validation: Double?
  /// The search's step.
  public var step: Double
}
