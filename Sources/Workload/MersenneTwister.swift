#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// NumPy's `RandomState`: MT19937 (Matsumoto and Nishimura, "Mersenne twister", 1998) and its draws as they have been
/// since before NumPy 1.17.
///
/// For the arrivals of published studies, which were drawn by it; ``RandomStream`` is better for all else.
public struct MersenneTwister: Sendable {
  private var state: [UInt32]
  private var place = 624

  /// `RandomState(seed)`.
  public init(seed: UInt32) {
    state = [seed]
    for number in 1..<624 {
      let last = state[number - 1]
      state.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(number))
    }
  }

  /// The next 32 bits.
  public mutating func next() -> UInt32 {
    if place == 624 { refill() }
    var word = state[place]
    place += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  private mutating func refill() {
    for number in 0..<624 {
      let joined = state[number] & 0x8000_0000 | state[(number + 1) % 624] & 0x7fff_ffff
      state[number] =
        state[(number + 397) % 624] ^ joined >> 1 ^ (joined & 1 == 1 ? 0x9908_b0df : 0)
    }
    place = 0
  }

  /// `randint(bound)`: uniform on 0 ..< `bound`, by masking and rejecting. `bound` is 1 to 2³² - 1.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound < 1 << 32, "a bound of 32 bits")
    let largest = UInt32(bound - 1)
    guard largest > 0 else { return 0 }
    let mask = UInt32.max >> UInt32(largest.leadingZeroBitCount)
    while true {
      let word = next() & mask
      if word <= largest { return Int(word) }
    }
  }

  /// `random_sample()`: uniform on [0, 1), 53 bits.
  public mutating func uniform() -> Double {
    let (high, low) = (Double(next() >> 5), Double(next() >> 6))
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// `exponential(mean)`.
  public mutating func exponential(mean: Double) -> Double { -mean * log(1 - uniform()) }
}
