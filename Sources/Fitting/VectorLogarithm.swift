#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Natural logarithms of four positive finite numbers at once, each within 2 ulp.
///
/// log x = k log 2 + log m with m in √½ ... √2, and log m by the atanh series' minimax polynomial in
/// s² = ((m-1)/(m+1))², the method and coefficients of fdlibm's e_log.c (Sun Microsystems 1993; error
/// below 2^-58). Several times as fast as four calls of libm without vector instructions beyond
/// SSE2; subnormal numbers go through libm.
@inline(__always)
package func vectorLog(_ x: SIMD4<Double>) -> SIMD4<Double> {
  guard all(x .>= SIMD4(repeating: 0x1p-1022)) else {
    return SIMD4(log(x[0]), log(x[1]), log(x[2]), log(x[3]))
  }
  let bits = unsafeBitCast(x, to: SIMD4<UInt64>.self)
  // Adding (1 - √½) in the exponent's scale makes the exponent field 1023 + k.
  let biased = (bits &+ 0x0009_5f62_0000_0000) &>> 52
  let m = unsafeBitCast(
    bits &- ((biased &- 1023) &<< 52), to: SIMD4<Double>.self)
  // An integer below 2^52 becomes a double by setting the exponent of 2^52.
  let k = unsafeBitCast(biased | 0x4330_0000_0000_0000, to: SIMD4<Double>.self) - (0x1p52 + 1023)
  let f = m - 1
  let s = f / (2 + f)
  let z = s * s
  let w = z * z
  let even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
  let odd =
    z
    * (0.6666666666666735
      + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  let half = 0.5 * f * f
  let low = s * (half + (even + odd)) + k * 1.9082149292705877e-10
  return k * 0.6931471803691238 - ((half - low) - f)
}
