extension Int128 {
  /// As a `Double`, rounded to the nearest. The conversion of the standard library is generic code, a
  /// hundred times slower, which sums that fit into 64 bits need not go through.
  @inline(__always) var double: Double {
    let short = Int64(truncatingIfNeeded: self)
    return Int128(short) == self ? Double(short) : Double(self)
  }
}
