// Included once for each number of lanes, with REALS (a vector of double), WORDS (of uint64_t, as
// many) and LOGARITHM (the function's name) defined: the same operations, hence the same bits.
//
// x = 2^k m with m in sqrt(1/2) ... sqrt(2), and with f = m - 1, s = f / (2 + f)
//   log m = 2 atanh s = f - s (f - R(s^2)),
// the method of fdlibm's e_log.c (Sun Microsystems 1993), with its minimax coefficients of R (error
// of the polynomial below 2^-58.45). log 2 is in two parts, so that k times the high one is exact.
INLINED void LOGARITHM(const REALS *argument, REALS *result) {
  const REALS x = *argument;
  // Subnormal numbers are scaled by 2^54.
  const WORDS isSubnormal = (WORDS)(x < DBL_MIN);
  const WORDS bits = (WORDS)(x < DBL_MIN ? x * 0x1p54 : x);
  // Adding 1 - sqrt(1/2) in the mantissa's units carries into the exponent from sqrt(2) on.
  const WORDS carried = bits + 0x00095f6200000000u;
  const REALS m = (REALS)(bits - (carried & 0xfff0000000000000u) + 0x3ff0000000000000u);
  // An integer below 2^52 becomes a real by taking the exponent of 2^52.
  const WORDS biased = (carried >> 52) + 1024 - (isSubnormal & 54);
  const REALS k = (REALS)(biased | 0x4330000000000000u) - (0x1p52 + 2047);

  const REALS f = m - 1;
  const REALS s = f / (2 + f);
  const REALS z = s * s;
  const REALS w = z * z;
  const REALS even =
      w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const REALS odd =
      z
      * (0.6666666666666735
         + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const REALS low = s * (f - (even + odd)) - k * 1.9082149292705877e-10;
  *result = k * 0.6931471803691238 - (low - f);
}
