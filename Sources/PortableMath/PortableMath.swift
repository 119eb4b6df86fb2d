import CVectorMath

// Elementary functions from the four operations and the square root alone, which IEEE 754 fixes to the
// bit: the same results on every machine, whatever its mathematical library. What is drawn from a law
// goes through these.

/// e^x within 1 ulp; 0 and infinity where it leaves the numbers.
@inlinable public func exp(_ x: Double) -> Double {
  x >= -708 && x <= 709 ? cvm_exp(x) : exponentialAtTheEnds(x)
}

@usableFromInline func exponentialAtTheEnds(_ x: Double) -> Double {
  guard !x.isNaN else { return x }
  if x > 709.7827128933841 { return .infinity }
  if x < -745.1332191019412 { return 0 }
  // Multiplying by a power of 2 is exact, but for the one rounding where the result is subnormal.
  return x > 0 ? cvm_exp(x - 1) * 2.718281828459045 : cvm_exp(x + 64) * 0x1.969d47321e4ccp-93
}

/// The natural logarithm within 1 ulp; -infinity at 0, NaN below.
@inlinable public func log(_ x: Double) -> Double {
  if x > 0, x < .infinity { return cvm_log(x) }
  return x == 0 ? -.infinity : x == .infinity ? x : .nan
}

/// log(1 + x) within a few ulp, also where 1 + x rounds.
@inlinable public func log1p(_ x: Double) -> Double {
  if abs(x) < 0x1p-54 { return x }
  let sum = 1 + x
  // What the sum lost, to first order.
  return sum > 0 && sum < 0x1p54 ? log(sum) - ((sum - 1) - x) / sum : log(sum)
}

/// e^x - 1 within a few ulp, also near 0 (W. Kahan's way: the error of e^x cancels against that of
/// its logarithm).
@inlinable public func expm1(_ x: Double) -> Double {
  if abs(x) < 0x1p-54 { return x }
  if x > 1 || x < -40 { return exp(x) - 1 }
  let power = exp(x)
  let rest = power - 1
  return rest == 0 ? x : rest == -1 ? -1 : rest * (x / log(power))
}

/// 2^x within a few ulp.
public func exp2(_ x: Double) -> Double { exp(x * 0.6931471805599453) }

/// x^y for x ≥ 0, and for whole y for any x: by multiplication up to |y| = 1024, else e^(y log x), whose
/// relative error is |y log x| ulp.
public func pow(_ x: Double, _ y: Double) -> Double {
  guard y == y.rounded(), abs(y) <= 1024 else { return exp(y * log(x)) }
  var (result, base, rest) = (1.0, x, Int(abs(y)))
  while rest > 0 {
    if rest & 1 == 1 { result *= base }
    base *= base
    rest >>= 1
  }
  return y < 0 ? 1 / result : result
}

/// (e^x + e^-x) / 2 within a few ulp.
public func cosh(_ x: Double) -> Double { 0.5 * exp(x) + 0.5 * exp(-x) }

/// (e^x - e^-x) / 2 within a few ulp.
public func sinh(_ x: Double) -> Double { 0.5 * expm1(x) - 0.5 * expm1(-x) }

/// The sine of an angle of a few turns, absolute error about 1e-16.
public func sin(_ x: Double) -> Double {
  let turns = (x * 0.3183098861837907).rounded()
  // π in two parts.
  let r = (x - turns * 3.141592653589793) - turns * 1.2246467991473532e-16
  let w = r * r
  var sum = 0.0
  for k in stride(from: 23.0, through: 3, by: -2) { sum = -w / (k * (k - 1)) * (1 + sum) }
  let sine = r + r * sum
  return turns.truncatingRemainder(dividingBy: 2) == 0 ? sine : -sine
}

/// The complementary error function, relative error about 1e-15 to its underflow at 27.
///
/// erfc x = t e^(-x² + P), t = 2 / (2 + x), with the Chebyshev series of P on t's range 0 ... 1.
public func erfc(_ x: Double) -> Double {
  if x < 0 { return 2 - erfc(-x) }
  if !(x < 27.3) { return x.isNaN ? x : 0 }
  let t = 2 / (2 + x)
  let twice = 4 * t - 2
  var (next, sum) = (0.0, 0.0)
  for place in stride(from: complementaryErrorSeries.count - 1, to: 0, by: -1) {
    (next, sum) = (sum, twice * sum - next + complementaryErrorSeries[place])
  }
  let series = 0.5 * (complementaryErrorSeries[0] + twice * sum) - next
  // The square of a number of 24 bits is exact.
  let high = Double(Float(x))
  return t * exp(-high * high) * exp(series - (x - high) * (x + high))
}

private let complementaryErrorSeries: InlineArray<28, Double> = [
  -1.3026537197817094, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632,
  -0.0009465953444820369, 0.00036683949785276145, 4.252332480690777e-05, -2.0278578112534242e-05,
  -1.6242900046470256e-06, 1.3036558355805232e-06, 1.5626441722066142e-08, -8.523809591492654e-08,
  6.5290544390988515e-09, 5.059343495551469e-09, -9.91364156493033e-10, -2.273651222931836e-10,
  9.646791102015527e-11, 2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13,
  3.130921399342958e-13, -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15,
  -1.5230282014571043e-15, -9.457494571291233e-17, 1.210237189224279e-16, -2.816663087747177e-17,
]

/// log Γ(x) for x > 0: Stirling's series from 10 on, by the recurrence below. Absolute error below 1e-14
/// times what is greater, 1 or the result.
public func logGamma(_ x: Double) -> Double {
  guard x > 0 else { return x == 0 ? .infinity : .nan }
  if x == .infinity { return x }
  var (shifted, product) = (x, 1.0)
  while shifted < 10 {
    product *= shifted
    shifted += 1
  }
  let w = 1 / (shifted * shifted)
  let series =
    (1.0 / 12
      - w
      * (1.0 / 360
        - w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188 - w * (691.0 / 360_360 - w / 156))))))
    / shifted
  let stirling = (shifted - 0.5) * log(shifted) - shifted + 0.9189385332046727 + series
  return product == 1 ? stirling : stirling - log(product)
}

/// Γ(x) for x that is no whole number ≤ 0, |x| up to about 100; relative error below 1e-13.
public func gamma(_ x: Double) -> Double {
  var (shifted, product) = (x, 1.0)
  while shifted < 10 {
    product *= shifted
    shifted += 1
  }
  return exp(logGamma(shifted)) / product
}
