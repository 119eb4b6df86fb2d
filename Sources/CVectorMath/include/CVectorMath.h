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

#endif
