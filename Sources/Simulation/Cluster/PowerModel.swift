import Workload

/// What a machine draws, and when it sleeps.
///
/// Awake it draws idle + dynamic × curve(u), u being the share of its CPU that is claimed (Fan,
/// Weber and Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007).
public struct PowerModel: Hashable, Sendable {
  /// Drawn by an idle machine that is awake.
  public var idle: Watts
  /// Drawn on top when all its CPU is claimed.
  public var dynamic: Watts
  /// Drawn while asleep.
  public var sleep: Watts
  /// The curve's values at equal distances of u from 0 to 1, straight in between; empty is the
  /// straight line. SPECpower's eleven figures fit after scaling to 0…1.
  public var curve: [Double]
  /// An empty machine falls asleep after this long; `never` if it does not.
  public var sleepAfter: Microseconds
  /// Time to wake up; a task placed on a sleeping machine begins that much later.
  public var wakeDelay: Microseconds

  /// A machine that never sleeps, of linear power.
  public init(
    idle: Watts = Watts(0), dynamic: Watts = Watts(0), sleep: Watts = Watts(0),
    curve: [Double] = [], sleepAfter: Microseconds = .never, wakeDelay: Microseconds = .zero
  ) {
    self.idle = idle
    self.dynamic = dynamic
    self.sleep = sleep
    self.curve = curve
    self.sleepAfter = sleepAfter
    self.wakeDelay = wakeDelay
  }

  /// A machine without energy figures.
  public static var none: PowerModel { PowerModel() }

  /// The share of the dynamic power at utilisation `u`, which is clipped to 0…1. O(1).
  public func dynamicShare(at u: Double) -> Double {
    let u = min(max(u, 0), 1)
    guard curve.count > 1 else { return u }
    let position = u * Double(curve.count - 1)
    let index = min(Int(position), curve.count - 2)
    return curve[index] + (curve[index + 1] - curve[index]) * (position - Double(index))
  }

  /// What an awake machine draws at utilisation `u`.
  public func power(at u: Double) -> Watts {
    Watts(idle.value + dynamic.value * dynamicShare(at: u))
  }
}
