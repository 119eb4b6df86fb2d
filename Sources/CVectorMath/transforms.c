#include "CVectorMath.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

// As in block_sums.c: the bits do not depend on the machine.
#pragma STDC FP_CONTRACT OFF

#define INLINED static inline __attribute__((always_inline))

enum { lanes = 8 };
typedef double Reals __attribute__((ext_vector_type(8)));
typedef uint64_t Words __attribute__((ext_vector_type(8)));
typedef float Floats __attribute__((ext_vector_type(8)));
#define REALS Reals
#define WORDS Words
#define SUFFIXED(name) name##_of_eight
#define LOGARITHM logarithm_of_eight
#include "logarithm.h"
#include "transforms.h"
#undef LOGARITHM
#undef SUFFIXED
#undef WORDS
#undef REALS

typedef double Real __attribute__((ext_vector_type(1)));
typedef uint64_t Word __attribute__((ext_vector_type(1)));
#define REALS Real
#define WORDS Word
#define SUFFIXED(name) name##_of_one
#define LOGARITHM logarithm_of_one
#include "logarithm.h"
#include "transforms.h"

// One function over an array, in vectors and a rest one by one, for each set of instructions.
#define LOOP(name)                                                                     \
  INLINED void name##_loop(const double *x, double *y, size_t count) {                 \
    size_t i = 0;                                                                      \
    for (; i + lanes <= count; i += lanes) {                                           \
      Reals in, out;                                                                   \
      memcpy(&in, x + i, sizeof in);                                                   \
      name##_of_eight(&in, &out);                                                      \
      memcpy(y + i, &out, sizeof out);                                                 \
    }                                                                                  \
    for (; i < count; i++) {                                                           \
      Real in = {x[i]}, out;                                                           \
      name##_of_one(&in, &out);                                                        \
      y[i] = out[0];                                                                   \
    }                                                                                  \
  }                                                                                    \
  static void name##_baseline(const double *x, double *y, size_t count) {              \
    name##_loop(x, y, count);                                                          \
  }

#if defined(__x86_64__)
#define WIDE_OF(name, type)                                                            \
  __attribute__((target("avx2")))                                                      \
  static void name##_avx2(const type *x, type *y, size_t count) {                      \
    name##_loop(x, y, count);                                                          \
  }                                                                                    \
  __attribute__((target("avx512f")))                                                   \
  static void name##_avx512(const type *x, type *y, size_t count) {                    \
    name##_loop(x, y, count);                                                          \
  }                                                                                    \
  static void name##_with(                                                             \
      CVMInstructions instructions, const type *x, type *y, size_t count) {            \
    const CVMInstructions best = cvm_best_instructions();                              \
    switch (instructions < best ? instructions : best) {                               \
    case CVMInstructionsAVX512: name##_avx512(x, y, count); return;                    \
    case CVMInstructionsAVX2: name##_avx2(x, y, count); return;                        \
    case CVMInstructionsBaseline: name##_baseline(x, y, count); return;                \
    }                                                                                  \
  }
#else
#define WIDE_OF(name, type)                                                            \
  static void name##_with(                                                             \
      CVMInstructions instructions, const type *x, type *y, size_t count) {            \
    (void)instructions;                                                                \
    name##_baseline(x, y, count);                                                      \
  }
#endif

#define WIDE(name) WIDE_OF(name, double)

// The same over numbers of single precision, which are widened, and rounded once at the end. What is left of the array
// goes through a vector of its own, beside ones.
#define FLOAT_LOOP(name)                                                               \
  INLINED void name##_of_eight_floats(const Floats *in, Floats *out) {                 \
    const Reals wide = __builtin_convertvector(*in, Reals);                            \
    Reals result;                                                                      \
    name##_of_eight(&wide, &result);                                                   \
    *out = __builtin_convertvector(result, Floats);                                    \
  }                                                                                    \
  INLINED void name##_floats_loop(const float *x, float *y, size_t count) {            \
    size_t i = 0;                                                                      \
    Floats in, out;                                                                    \
    for (; i + lanes <= count; i += lanes) {                                           \
      memcpy(&in, x + i, sizeof in);                                                   \
      name##_of_eight_floats(&in, &out);                                               \
      memcpy(y + i, &out, sizeof out);                                                 \
    }                                                                                  \
    if (i == count) return;                                                            \
    for (size_t lane = 0; lane < lanes; lane++)                                        \
      in[lane] = i + lane < count ? x[i + lane] : 1;                                   \
    name##_of_eight_floats(&in, &out);                                                 \
    for (size_t lane = 0; i + lane < count; lane++) y[i + lane] = out[lane];           \
  }                                                                                    \
  static void name##_floats_baseline(const float *x, float *y, size_t count) {         \
    name##_floats_loop(x, y, count);                                                   \
  }

LOOP(logarithm)
WIDE(logarithm)
LOOP(exponential)
WIDE(exponential)
LOOP(normal_quantile)
WIDE(normal_quantile)
LOOP(normal_probability)
WIDE(normal_probability)
FLOAT_LOOP(logarithm)
WIDE_OF(logarithm_floats, float)
FLOAT_LOOP(exponential)
WIDE_OF(exponential_floats, float)

void cvm_transform_with(
    CVMInstructions instructions, CVMFunction function, const double *x, double *y,
    size_t count) {
  switch (function) {
  case CVMFunctionLog: logarithm_with(instructions, x, y, count); return;
  case CVMFunctionExp: exponential_with(instructions, x, y, count); return;
  case CVMFunctionNormalQuantile: normal_quantile_with(instructions, x, y, count); return;
  case CVMFunctionNormalProbability:
    normal_probability_with(instructions, x, y, count);
    return;
  }
}

void cvm_transform(CVMFunction function, const double *x, double *y, size_t count) {
  cvm_transform_with(CVMInstructionsAVX512, function, x, y, count);
}

void cvm_log_floats_with(
    CVMInstructions instructions, const float *x, float *y, size_t count) {
  logarithm_floats_with(instructions, x, y, count);
}

void cvm_exp_floats_with(
    CVMInstructions instructions, const float *x, float *y, size_t count) {
  exponential_floats_with(instructions, x, y, count);
}

double cvm_exp(double x) {
  Real in = {x}, out;
  exponential_of_one(&in, &out);
  return out[0];
}

double cvm_normal_quantile(double p) {
  Real in = {p}, out;
  normal_quantile_of_one(&in, &out);
  return out[0];
}

double cvm_normal_probability(double z) {
  Real in = {z}, out;
  normal_probability_of_one(&in, &out);
  return out[0];
}
