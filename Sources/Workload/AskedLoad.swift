/// A CPU load that a workload was asked to be, of so many cores.
public struct AskedLoad: Hashable, Sendable {
  /// Share of the cores to be busy on average (> 0).
  public let share: Double
  /// Cores of speed 1 (> 0).
  public let cores: Double

  /// A load of so many cores.
  public init(_ share: Double, ofCores cores: Double) { (self.share, self.cores) = (share, cores) }

  /// The load that it is on so many cores: the share itself where they are as many.
  public func on(_ cores: Double) -> Double {
    cores == self.cores ? share : share * self.cores / cores
  }
}
