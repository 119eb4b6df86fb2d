import Foundation

/// What a run cost to make, in seconds.
public struct RunCost: Hashable, Sendable {
  /// By the clock on the wall.
  public var wall: Double
  /// Of all threads of this process.
  public var cpu: Double

  /// When something began.
  package struct Start {
    fileprivate let wall = ContinuousClock.now
    fileprivate let cpu = processorSeconds()

    package init() {}
  }

  /// What it has cost since `start`.
  package init(since start: Start) {
    wall = (ContinuousClock.now - start.wall).seconds
    cpu = processorSeconds() - start.cpu
  }
}

/// Processor time of this process in seconds, all threads.
package func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

extension Duration {
  /// The length in seconds.
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
