/// A point in trace time or a span of it, in whole microseconds.
///
/// Trace time starts where the trace says it does; the zero of two traces need not agree.
/// Range: 0 … 2^63-2 for real times. `never` (2^63-1) is the sentinel for "has not happened", and
/// compares later than every real time.
public struct Microseconds: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// Whole microseconds.
  public var rawValue: Int64

  @inlinable public init(_ rawValue: Int64) { self.rawValue = rawValue }

  /// The nearest whole microsecond to a time in seconds; saturates at ±(2^63-1).
  @inlinable public init(seconds: Double) {
    let scaled = (seconds * 1e6).rounded()
    rawValue = Int64(exactly: scaled) ?? (scaled > 0 ? .max : -.max)
  }

  /// The time in seconds.
  @inlinable public var seconds: Double { Double(rawValue) / 1e6 }

  /// Time zero, and the empty span.
  @inlinable public static var zero: Microseconds { Microseconds(0) }

  /// "Has not happened": later than every real time.
  @inlinable public static var never: Microseconds { Microseconds(.max) }

  /// Whether this is a real time, not the `never` sentinel.
  @inlinable public var isKnown: Bool { rawValue != .max }

  @inlinable public static func < (a: Microseconds, b: Microseconds) -> Bool {
    a.rawValue < b.rawValue
  }

  /// The sum, saturating at `never`: a time beyond the range of Int64 never comes.
  @inlinable public static func + (a: Microseconds, b: Microseconds) -> Microseconds {
    let (sum, overflow) = a.rawValue.addingReportingOverflow(b.rawValue)
    return Microseconds(overflow ? (a.rawValue > 0 ? .max : .min) : sum)
  }

  /// The difference, saturating at the ends of Int64.
  @inlinable public static func - (a: Microseconds, b: Microseconds) -> Microseconds {
    let (difference, overflow) = a.rawValue.subtractingReportingOverflow(b.rawValue)
    return Microseconds(overflow ? (a.rawValue > b.rawValue ? .max : .min) : difference)
  }

  @inlinable public static func += (a: inout Microseconds, b: Microseconds) { a = a + b }
  @inlinable public static func -= (a: inout Microseconds, b: Microseconds) { a = a - b }

  /// A span stretched by `factor`, to the nearest microsecond. `never` stays `never`.
  @inlinable public func scaled(by factor: Double) -> Microseconds {
    isKnown ? Microseconds(seconds: seconds * factor) : self
  }
}

/// An amount of CPU, in billionths of a core.
///
/// Fixed point, so that sums do not depend on their order and what was claimed is what is released:
/// ten tasks of 0.1 core fill one core exactly. Range ±9.2e9 cores.
public struct Cores: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// Billionths of a core.
  public var nano: Int64

  @inlinable public init(nano: Int64) { self.nano = nano }

  /// The nearest billionth of a core; saturates at the range's ends. `value` must not be NaN.
  @inlinable public init(_ value: Double) {
    let scaled = (value * 1e9).rounded()
    nano = Int64(exactly: scaled) ?? (scaled > 0 ? .max : -.max)
  }

  /// The amount in cores.
  @inlinable public var value: Double { Double(nano) / 1e9 }
  /// No CPU.
  @inlinable public static var zero: Cores { Cores(nano: 0) }
  @inlinable public static func < (a: Cores, b: Cores) -> Bool { a.nano < b.nano }
  @inlinable public static func + (a: Cores, b: Cores) -> Cores { Cores(nano: a.nano + b.nano) }
  @inlinable public static func - (a: Cores, b: Cores) -> Cores { Cores(nano: a.nano - b.nano) }
  @inlinable public static func += (a: inout Cores, b: Cores) { a.nano += b.nano }
  @inlinable public static func -= (a: inout Cores, b: Cores) { a.nano -= b.nano }
}

/// An amount of memory, storage or data, in bytes.
public struct Bytes: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// Whole bytes.
  public var rawValue: Int64

  @inlinable public init(_ rawValue: Int64) { self.rawValue = rawValue }

  /// The nearest whole byte; saturates at the range's ends. `value` must not be NaN.
  @inlinable public init(rounding value: Double) {
    let rounded = value.rounded()
    rawValue = Int64(exactly: rounded) ?? (rounded > 0 ? .max : -.max)
  }

  /// Gibibytes (2^30 bytes).
  @inlinable public init(gibibytes: Double) { self.init(rounding: gibibytes * 1_073_741_824) }
  /// The amount in gibibytes.
  @inlinable public var gibibytes: Double { Double(rawValue) / 1_073_741_824 }
  /// No bytes.
  @inlinable public static var zero: Bytes { Bytes(0) }
  @inlinable public static func < (a: Bytes, b: Bytes) -> Bool { a.rawValue < b.rawValue }
  @inlinable public static func + (a: Bytes, b: Bytes) -> Bytes { Bytes(a.rawValue + b.rawValue) }
  @inlinable public static func - (a: Bytes, b: Bytes) -> Bytes { Bytes(a.rawValue - b.rawValue) }
  @inlinable public static func += (a: inout Bytes, b: Bytes) { a.rawValue += b.rawValue }
  @inlinable public static func -= (a: inout Bytes, b: Bytes) { a.rawValue -= b.rawValue }
}

/// Power in watts.
public struct Watts: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// Watts.
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  @inlinable public static func < (a: Watts, b: Watts) -> Bool { a.value < b.value }
  @inlinable public static func + (a: Watts, b: Watts) -> Watts { Watts(a.value + b.value) }

  /// The energy of this power held for a span.
  @inlinable public func over(_ span: Microseconds) -> Joules { Joules(value * span.seconds) }
}

/// Energy in joules.
public struct Joules: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// Joules (watt-seconds).
  public var value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  /// The energy in kilowatt-hours (J / 3.6e6).
  @inlinable public var kilowattHours: Double { value / 3.6e6 }
  /// No energy.
  @inlinable public static var zero: Joules { Joules(0) }
  @inlinable public static func < (a: Joules, b: Joules) -> Bool { a.value < b.value }
  @inlinable public static func + (a: Joules, b: Joules) -> Joules { Joules(a.value + b.value) }
  @inlinable public static func += (a: inout Joules, b: Joules) { a.value += b.value }
}
