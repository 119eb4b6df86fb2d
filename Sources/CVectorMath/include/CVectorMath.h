#ifndef CVECTORMATH_H
#define CVECTORMATH_H

#include <stdbool.h>
#include <stddef.h>

/// Sums over a block of numbers and over their natural logarithms.
typedef struct {
  /// Sums of x - origin and of its square.
  double sum, squares;
  /// Sums of log x - logOrigin and of its square.
  double logSum, logSquares;
  /// The least and the greatest number.
  double minimum, maximum;
  /// Whether every number is positive and finite, and so is what they sum to. If not, nothing else
  /// here means anything.
  bool isUsable;
} CVMBlockSums;

/// Which instructions sums are taken with.
typedef enum {
  /// Those that every machine of the architecture has.
  CVMInstructionsBaseline = 0,
  /// AVX2 (x86-64).
  CVMInstructionsAVX2 = 1,
  /// AVX-512F (x86-64).
  CVMInstructionsAVX512 = 2,
} CVMInstructions;

/// The widest instructions of this machine.
CVMInstructions cvm_best_instructions(void);

/// The sums of `count` numbers, a positive multiple of 8, about `origin` and `logOrigin`, which
/// cost no digits if they are near the means. O(count), one pass.
///
/// The result has the same bits on every machine and with all instructions: eight running sums,
/// added up in a fixed order, and no fused multiply-add.
CVMBlockSums cvm_block_sums(
    const double *values, size_t count, double origin, double logOrigin);

/// As `cvm_block_sums`, with the instructions named; narrower ones if the machine lacks them.
CVMBlockSums cvm_block_sums_with(
    CVMInstructions instructions, const double *values, size_t count, double origin,
    double logOrigin);

/// The natural logarithm, within 1 ulp, with the same bits on every machine, and those that
/// `cvm_block_sums` takes. -infinity at 0, NaN below.
double cvm_log(double x);

/// e^x within 1 ulp for x in -708 ... 709, and saturating at the ends; the same bits on every machine.
double cvm_exp(double x);

/// The z with P(Z <= z) = p for a standard normal Z: Wichura's AS 241, relative error about 1e-15,
/// for p in 2^-53 ... 1 - 2^-53; the same bits on every machine.
double cvm_normal_quantile(double p);

/// P(Z <= z) for a standard normal Z, absolute error below 1e-15 (West 2005); the same bits on every
/// machine.
double cvm_normal_probability(double z);

/// Functions that are applied to arrays.
typedef enum {
  /// `cvm_log`, of positive finite numbers only.
  CVMFunctionLog = 0,
  /// `cvm_exp`.
  CVMFunctionExp = 1,
  /// `cvm_normal_quantile`.
  CVMFunctionNormalQuantile = 2,
  /// `cvm_normal_probability`.
  CVMFunctionNormalProbability = 3,
} CVMFunction;

/// `y[i] = function(x[i])` for `count` numbers, eight at a time, with the bits of one at a time.
/// `x` and `y` may be the same array.
void cvm_transform(CVMFunction function, const double *x, double *y, size_t count);

/// As `cvm_transform`, with the instructions named; narrower ones if the machine lacks them.
void cvm_transform_with(
    CVMInstructions instructions, CVMFunction function, const double *x, double *y,
    size_t count);

/// `y[i] = (float)cvm_log(x[i])` of positive finite numbers, eight at a time, with the instructions named or narrower
/// ones; the same bits with all. Of others the result says nothing. `x` and `y` may be the same array.
void cvm_log_floats_with(
    CVMInstructions instructions, const float *x, float *y, size_t count);

/// `y[i] = (float)cvm_exp(x[i])`, likewise, of any number.
void cvm_exp_floats_with(
    CVMInstructions instructions, const float *x, float *y, size_t count);

#endif
