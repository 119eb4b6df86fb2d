#include "CNeural.h"
#include "CVectorMath.h"

#include <math.h>
#include <string.h>

#include "fixed.h"

// Outputs of a tile: sums enough to fill the pipelines, few enough for the registers.
enum { wide = 32, broad = 64 };

// `width` outputs of one row: their sums stay in registers while the inputs pass by.
static inline __attribute__((always_inline)) void dense_tile(
    const float *restrict x, const float *restrict w, const float *restrict b, float *restrict y,
    size_t inputs, size_t outputs, const int width) {
  float sums[broad];
  for (int j = 0; j < width; ++j) sums[j] = b[j];
  for (size_t i = 0; i < inputs; ++i) {
    const float value = x[i];
    const float *ws = w + i * outputs;
    for (int j = 0; j < width; ++j) sums[j] = fma32(value, ws[j], sums[j]);
  }
  for (int j = 0; j < width; ++j) y[j] = sums[j];
}

CLONED void cnn_dense(
    const float *restrict x, const float *restrict w, const float *restrict b, float *restrict y,
    size_t rows, size_t inputs, size_t outputs, int relu) {
  for (size_t row = 0; row < rows; ++row) {
    const float *xs = x + row * inputs;
    float *ys = y + row * outputs;
    // The last tile reaches back over outputs that are there already, and finds the same.
    size_t start = 0;
    if (outputs >= broad)
      for (; start < outputs; start += broad) {
        const size_t first = start + broad <= outputs ? start : outputs - broad;
        dense_tile(xs, w + first, b + first, ys + first, inputs, outputs, broad);
      }
    else if (outputs >= wide)
      for (; start < outputs; start += wide) {
        const size_t first = start + wide <= outputs ? start : outputs - wide;
        dense_tile(xs, w + first, b + first, ys + first, inputs, outputs, wide);
      }
    for (; start < outputs; ++start) {
      float sum = b[start];
      for (size_t i = 0; i < inputs; ++i) sum = fma32(xs[i], w[i * outputs + start], sum);
      ys[start] = sum;
    }
    if (relu)
      for (size_t j = 0; j < outputs; ++j) ys[j] = ys[j] > 0 ? ys[j] : 0;
  }
}

// Scores of two rows side by side, or of one twice: their sums fill the pipelines that the sums of one leave half
// empty, and weights are loaded once for both.
static inline __attribute__((always_inline)) void score_pair(
    const float *restrict x0, const float *restrict x1, const float *restrict w,
    const float *restrict b, const float *restrict v, float bias, float *y0, float *y1,
    size_t inputs, size_t hidden) {
  float total0[wide] = {0}, total1[wide] = {0};
  for (size_t start = 0; start < hidden; start += wide) {
    float sums0[wide], sums1[wide];
    memcpy(sums0, b + start, sizeof sums0);
    memcpy(sums1, b + start, sizeof sums1);
    for (size_t i = 0; i < inputs; ++i) {
      const float value0 = x0[i], value1 = x1[i];
      const float *ws = w + i * hidden + start;
      for (int j = 0; j < wide; ++j) {
        sums0[j] = fma32(value0, ws[j], sums0[j]);
        sums1[j] = fma32(value1, ws[j], sums1[j]);
      }
    }
    for (int j = 0; j < wide; ++j) {
      total0[j] = fma32(sums0[j] > 0 ? sums0[j] : 0, v[start + j], total0[j]);
      total1[j] = fma32(sums1[j] > 0 ? sums1[j] : 0, v[start + j], total1[j]);
    }
  }
  // A fixed tree of sums.
  for (int width = wide / 2; width > 0; width /= 2)
    for (int j = 0; j < width; ++j) {
      total0[j] += total0[j + width];
      total1[j] += total1[j + width];
    }
  *y0 = total0[0] + bias;
  *y1 = total1[0] + bias;
}

CLONED void cnn_score(
    const float *restrict x, const float *restrict w, const float *restrict b,
    const float *restrict v, const float *restrict c, float *restrict scores, size_t rows,
    size_t inputs, size_t hidden) {
  for (size_t row = 0; row < rows; row += 2) {
    // The last of an odd number is its own neighbour.
    const size_t next = row + 1 < rows ? row + 1 : row;
    score_pair(
        x + row * inputs, x + next * inputs, w, b, v, c[0], scores + row, scores + next, inputs,
        hidden);
  }
}

CLONED void cnn_adam(
    float *restrict parameters, const float *restrict gradient, float *restrict m,
    float *restrict v, size_t count, float scale, float rate, float beta1, float beta2,
    float epsilon, float c1, float c2) {
  for (size_t i = 0; i < count; ++i) {
    const float g = gradient[i] * scale;
    m[i] = fma32(beta1, m[i], (1 - beta1) * g);
    v[i] = fma32(beta2, v[i], (1 - beta2) * g * g);
    parameters[i] -= rate * (m[i] / c1) / (sqrtf(v[i] / c2) + epsilon);
  }
}

// The hyperbolic tangent by way of double: what the C library gives depends on its version.
static inline float tanh_of(float x) {
  const double a = fabs((double)x);
  if (!(a < 20)) return x != x ? x : copysignf(1, x);
  double t;
  if (a < 0x1p-6) {
    const double s = a * a;
    t = a * (1 - s * (1 / 3.0 - s * (2 / 15.0 - s * (17 / 315.0))));
  } else {
    const double e = cvm_exp(-2 * a);
    t = (1 - e) / (1 + e);
  }
  return copysignf((float)t, x);
}

CLONED void cnn_bias(
    float *restrict y, const float *restrict b, size_t rows, size_t outputs, int activation) {
  for (size_t row = 0; row < rows; ++row) {
    float *ys = y + row * outputs;
    if (activation == 1) {
      for (size_t j = 0; j < outputs; ++j) {
        const float sum = ys[j] + b[j];
        ys[j] = sum > 0 ? sum : 0;
      }
    } else {
      for (size_t j = 0; j < outputs; ++j) ys[j] += b[j];
      if (activation == 2)
        for (size_t j = 0; j < outputs; ++j) ys[j] = tanh_of(ys[j]);
    }
  }
}

CLONED void cnn_unactivate(
    float *restrict gradient, const float *restrict activation, size_t count, int kind) {
  if (kind == 1)
    for (size_t i = 0; i < count; ++i) gradient[i] = activation[i] > 0 ? gradient[i] : 0;
  if (kind == 2)
    for (size_t i = 0; i < count; ++i) gradient[i] *= fma32(-activation[i], activation[i], 1.0f);
}

CLONED void cnn_column_sums(
    const float *restrict x, float *restrict sum, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; ++row)
    for (size_t j = 0; j < columns; ++j) sum[j] += x[row * columns + j];
}
