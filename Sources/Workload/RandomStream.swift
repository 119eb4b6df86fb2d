#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A reproducible stream of random numbers, derived from one seed and a name.
///
/// The generator is Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
/// as 1, 2, 3", SC 2011), which passes TestU01's BigCrush. It is counter-based: block `n` is a
/// function of the key and `n` alone, so any draw is reached in O(1), streams with different names
/// never overlap, and the bytes are the same on every platform and any number of threads.
///
/// ```swift
/// let arrivals = RandomStream(seed: 42, name: "arrivals")
/// var rng = arrivals.at(17)          // the draws of task 17, whoever drew the others
/// let gap = rng.exponential(rate: 0.5)
/// ```
///
/// Sampling transforms are our own: the standard library's may change between releases.
public struct RandomStream: RandomNumberGenerator, BitwiseCopyable, Sendable {
  @usableFromInline var key: (UInt64, UInt64)
  @usableFromInline var block: UInt64
  @usableFromInline var item: UInt64
  @usableFromInline var buffer: (UInt64, UInt64, UInt64, UInt64)
  @usableFromInline var used: UInt8

  /// The stream called `name` under `seed`. The key is (seed, FNV-1a of the name's UTF-8).
  public init(seed: UInt64, name: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    self.init(key: (seed, hash))
  }

  /// The stream of a raw 128-bit key; for tests against other implementations.
  @inlinable public init(key: (UInt64, UInt64)) {
    self.key = key
    block = 0
    item = 0
    buffer = (0, 0, 0, 0)
    used = 4
  }

  /// The sub-stream of item `index`, from its beginning: 2^66 draws of its own.
  @inlinable public func at(_ index: UInt64) -> RandomStream {
    var stream = RandomStream(key: key)
    stream.item = index
    return stream
  }

  /// Whether anything has been drawn from it, rather than from its sub-streams.
  public var hasDrawn: Bool { block > 0 || used < 4 }

  /// The next 64 random bits.
  @inlinable public mutating func next() -> UInt64 {
    if used == 4 {
      block &+= 1
      buffer = Self.philox(counter: (block, item, 0, 0), key: key)
      used = 0
    }
    used += 1
    switch used {
    case 1: return buffer.0
    case 2: return buffer.1
    case 3: return buffer.2
    default: return buffer.3
    }
  }

  /// Draw `index` of this stream, from 0: what the call of `next()` after `index` others gives on a
  /// stream that has given nothing yet. O(1).
  @inlinable public func word(_ index: UInt64) -> UInt64 {
    let words = Self.philox(counter: (index >> 2 &+ 1, item, 0, 0), key: key)
    switch index & 3 {
    case 0: return words.0
    case 1: return words.1
    case 2: return words.2
    default: return words.3
    }
  }

  /// Draws `first`, `first + 1`, … as ``openUniform()`` makes them, into all of `values`: four draws
  /// a block of the generator, and nothing of what came before.
  @inlinable public func openUniforms(
    from first: UInt64, into values: UnsafeMutableBufferPointer<Double>
  ) {
    var place = 0
    while place < values.count, (first &+ UInt64(place)) & 3 != 0 {
      values[place] = Self.openUniform(word(first &+ UInt64(place)))
      place += 1
    }
    while place + 4 <= values.count {
      let block = (first &+ UInt64(place)) >> 2 &+ 1
      let words = Self.philox(counter: (block, item, 0, 0), key: key)
      values[place] = Self.openUniform(words.0)
      values[place + 1] = Self.openUniform(words.1)
      values[place + 2] = Self.openUniform(words.2)
      values[place + 3] = Self.openUniform(words.3)
      place += 4
    }
    while place < values.count {
      values[place] = Self.openUniform(word(first &+ UInt64(place)))
      place += 1
    }
  }

  /// A word as a number in (0, 1): the middle of one of 2^52 equal cells.
  @inlinable public static func openUniform(_ word: UInt64) -> Double {
    (Double(Int64(bitPattern: word >> 12)) + 0.5) * 0x1p-52
  }

  /// Philox4x64-10: ten rounds of two 64 × 64 -> 128-bit products (constants of the paper).
  @inlinable
  package static func philox(
    counter: (UInt64, UInt64, UInt64, UInt64), key: (UInt64, UInt64)
  ) -> (UInt64, UInt64, UInt64, UInt64) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let a = c0.multipliedFullWidth(by: 0xd2e7_470e_e14c_6c93)
      let b = c2.multipliedFullWidth(by: 0xca5a_8263_9512_1157)
      (c0, c1, c2, c3) = (b.high ^ c1 ^ k0, b.low, a.high ^ c3 ^ k1, a.low)
      k0 &+= 0x9e37_79b9_7f4a_7c15
      k1 &+= 0xbb67_ae85_84ca_a73b
    }
    return (c0, c1, c2, c3)
  }
}

extension RandomStream {
  /// Uniform on [0, 1), a multiple of 2^-53.
  @inlinable public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform on (0, 1), never an end: safe for logarithms and quantile functions.
  @inlinable public mutating func openUniform() -> Double { Self.openUniform(next()) }

  /// Uniform on 0 ..< `bound`, without bias (Lemire, "Fast random integer generation in an
  /// interval", 2019). `bound` must be positive.
  @inlinable public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "below(_:) needs a positive bound")
    let range = UInt64(bound)
    var product = next().multipliedFullWidth(by: range)
    if product.low < range {
      let threshold = (0 &- range) % range
      while product.low < threshold { product = next().multipliedFullWidth(by: range) }
    }
    return Int(product.high)
  }
}

extension RandomStream {
  /// Exponential with the given mean, by inversion.
  public mutating func exponential(mean: Double) -> Double { -mean * log(openUniform()) }
}
