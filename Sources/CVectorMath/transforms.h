// Included once for each number of lanes, after logarithm.h, with REALS, WORDS and SUFFIXED(name)
// defined: the same operations, hence the same bits.

// e^x for x in -708 ... 709, saturating outside: x = k log 2 + r, |r| <= log(2) / 2, and e^r by the
// rational approximation of fdlibm's e_exp.c (Sun Microsystems 1993), error below 1 ulp.
INLINED void SUFFIXED(exponential)(const REALS *argument, REALS *result) {
  REALS x = *argument;
  x = x < -708.0 ? (REALS){0} - 708.0 : x;
  x = x > 709.0 ? (REALS){0} + 709.0 : x;
  // Adding 1.5 * 2^52 rounds to a whole number, whose bits are then the last of the sum.
  const REALS sum = x * 1.4426950408889634 + 0x1.8p52;
  const REALS k = sum - 0x1.8p52;
  const REALS high = x - k * 0.6931471803691238;
  const REALS low = k * 1.9082149292705877e-10;
  const REALS r = high - low;
  const REALS t = r * r;
  const REALS c =
      r
      - t
      * (0.16666666666666602
         + t
         * (-0.0027777777777015593
            + t
            * (6.613756321437934e-05 + t * (-1.6533902205465252e-06 + t * 4.1381367970572385e-08))));
  const REALS fraction = 1 - ((low - (r * c) / (2 - c)) - high);
  // k is added to the exponent.
  *result = (REALS)((WORDS)fraction + ((WORDS)sum << 52));
}

// The z with P(Z <= z) = p for a standard normal Z and p in 2^-53 ... 1 - 2^-53: Wichura's algorithm
// AS 241, PPND16 (Applied Statistics 37, 1988), relative error about 1e-15.
INLINED void SUFFIXED(normal_quantile)(const REALS *argument, REALS *result) {
  const REALS p = *argument;
  const REALS q = p - 0.5;
  const REALS r = 0.180625 - q * q;
  const REALS central =
      q
      * (((((((r * 2509.0809287301226727 + 33430.575583588128105) * r + 67265.770927008700853) * r
             + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
          + 133.14166789178437745) * r + 3.387132872796366608)
      / (((((((r * 5226.495278852854561 + 28729.085735721942674) * r + 39307.89580009271061) * r
             + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
          + 42.313330701600911252) * r + 1);
  const REALS tail = q < 0 ? p : 1 - p;
  REALS logTail;
  SUFFIXED(logarithm)(&tail, &logTail);
  const REALS root = __builtin_elementwise_sqrt(-logTail);
  const REALS s = root - 1.6;
  const REALS middle =
      (((((((s * 7.7454501427834140764e-4 + 0.0227238449892691845833) * s
            + 0.24178072517745061177) * s + 1.27045825245236838258) * s
          + 3.64784832476320460504) * s + 5.7694972214606914055) * s + 4.6303378461565452959) * s
       + 1.42343711074968357734)
      / (((((((s * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * s
              + 0.0151986665636164571966) * s + 0.14810397642748007459) * s
            + 0.68976733498510000455) * s + 1.6763848301838038494) * s
          + 2.05319162663775882187) * s + 1);
  const REALS far = root - 5;
  const REALS extreme =
      (((((((far * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * far
            + 0.0012426609473880784386) * far + 0.026532189526576123093) * far
          + 0.29656057182850489123) * far + 1.7848265399172913358) * far
        + 5.4637849111641143699) * far + 6.6579046435011037772)
      / (((((((far * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * far
              + 1.8463183175100546818e-5) * far + 7.868691311456132591e-4) * far
            + 0.0148753612908506148525) * far + 0.13692988092273580531) * far
          + 0.59983220655588793769) * far + 1);
  REALS outer = root <= 5 ? middle : extreme;
  outer = q < 0 ? -outer : outer;
  *result = (q < 0 ? -q : q) <= 0.425 ? central : outer;
}

// P(Z <= z) for a standard normal Z: e^(-z^2/2) times a rational function of |z|, Hart's algorithm 5666
// as in West, "Better approximations to cumulative normal functions" (2005). Absolute error below 1e-15;
// relative error in the lower tail below 1e-8 to z = -7, where the approximation ends.
INLINED void SUFFIXED(normal_probability)(const REALS *argument, REALS *result) {
  const REALS z = *argument;
  const REALS x = z < 0 ? -z : z;
  const REALS exponent = x * x * -0.5;
  REALS density;
  SUFFIXED(exponential)(&exponent, &density);
  const REALS numerator =
      ((((((x * 0.0352624965998911 + 0.700383064443688) * x + 6.37396220353165) * x
          + 33.912866078383) * x + 112.079291497871) * x + 221.213596169931) * x
       + 220.206867912376);
  const REALS denominator =
      (((((((x * 0.0883883476483184 + 1.75566716318264) * x + 16.064177579207) * x
           + 86.7807322029461) * x + 296.564248779674) * x + 637.333633378831) * x
        + 793.826512519948) * x + 440.413735824752);
  const REALS tail = density * numerator / denominator;
  *result = z < 0 ? tail : 1 - tail;
}
