#include "CVectorMath.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// A fused multiply-add rounds once where a product and a sum round twice: the bits would depend on
// the machine.
#pragma STDC FP_CONTRACT OFF

// Vectors go by pointer: by value, how they are passed would depend on the instructions.
#define INLINED static inline __attribute__((always_inline))

enum { lanes = 8 };
typedef double Reals __attribute__((ext_vector_type(8)));
typedef uint64_t Words __attribute__((ext_vector_type(8)));
#define REALS Reals
#define WORDS Words
#define LOGARITHM logarithms
#include "logarithm.h"
#undef REALS
#undef WORDS
#undef LOGARITHM

typedef double Real __attribute__((ext_vector_type(1)));
typedef uint64_t Word __attribute__((ext_vector_type(1)));
#define REALS Real
#define WORDS Word
#define LOGARITHM logarithm
#include "logarithm.h"

INLINED double total(const Reals *v) {
  const Reals x = *v;
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

INLINED CVMBlockSums block_sums(
    const double *values, size_t count, double origin, double logOrigin) {
  Reals sum = {0}, squares = {0}, logSum = {0}, logSquares = {0};
  Reals least, greatest;
  memcpy(&least, values, sizeof least);
  greatest = least;
  for (size_t start = 0; start + lanes <= count; start += lanes) {
    Reals x, logX;
    memcpy(&x, values + start, sizeof x);
    const Reals d = x - origin;
    sum += d;
    squares += d * d;
    logarithms(&x, &logX);
    const Reals logD = logX - logOrigin;
    logSum += logD;
    logSquares += logD * logD;
    least = x < least ? x : least;
    greatest = x > greatest ? x : greatest;
  }
  CVMBlockSums sums = {
      .sum = total(&sum), .squares = total(&squares),
      .logSum = total(&logSum), .logSquares = total(&logSquares),
      .minimum = least[0], .maximum = greatest[0]};
  for (int lane = 1; lane < lanes; lane++) {
    if (least[lane] < sums.minimum) sums.minimum = least[lane];
    if (greatest[lane] > sums.maximum) sums.maximum = greatest[lane];
  }
  // A NaN passes by the comparisons above, but not by the sum.
  sums.isUsable = sums.minimum > 0 && sums.maximum <= DBL_MAX && fabs(sums.sum) <= DBL_MAX;
  return sums;
}

static CVMBlockSums block_sums_baseline(
    const double *values, size_t count, double origin, double logOrigin) {
  return block_sums(values, count, origin, logOrigin);
}

#if defined(__x86_64__)
__attribute__((target("avx2")))
static CVMBlockSums block_sums_avx2(
    const double *values, size_t count, double origin, double logOrigin) {
  return block_sums(values, count, origin, logOrigin);
}

__attribute__((target("avx512f")))
static CVMBlockSums block_sums_avx512(
    const double *values, size_t count, double origin, double logOrigin) {
  return block_sums(values, count, origin, logOrigin);
}
#endif

CVMInstructions cvm_best_instructions(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return CVMInstructionsAVX512;
  if (__builtin_cpu_supports("avx2")) return CVMInstructionsAVX2;
#endif
  return CVMInstructionsBaseline;
}

CVMBlockSums cvm_block_sums_with(
    CVMInstructions instructions, const double *values, size_t count, double origin,
    double logOrigin) {
#if defined(__x86_64__)
  const CVMInstructions best = cvm_best_instructions();
  switch (instructions < best ? instructions : best) {
  case CVMInstructionsAVX512: return block_sums_avx512(values, count, origin, logOrigin);
  case CVMInstructionsAVX2: return block_sums_avx2(values, count, origin, logOrigin);
  case CVMInstructionsBaseline: break;
  }
#else
  (void)instructions;
#endif
  return block_sums_baseline(values, count, origin, logOrigin);
}

CVMBlockSums cvm_block_sums(
    const double *values, size_t count, double origin, double logOrigin) {
  return cvm_block_sums_with(CVMInstructionsAVX512, values, count, origin, logOrigin);
}

double cvm_log(double x) {
  if (!(x > 0 && x <= DBL_MAX)) return log(x);
  Real argument = {x}, result;
  logarithm(&argument, &result);
  return result[0];
}
