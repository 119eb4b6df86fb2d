#include "CNeural.h"
#include "CVectorMath.h"

#include <math.h>

#include "fixed.h"

enum { lanes = 16 };

CLONED float cnn_softmax(
    float *restrict x, const bool *restrict mask, size_t count, float *restrict greatest) {
  // The greatest of every 16th, then of these.
  float most[lanes];
  for (int j = 0; j < lanes; ++j) most[j] = -INFINITY;
  if (mask)
    for (size_t i = 0; i < count; ++i) x[i] = mask[i] ? x[i] : -INFINITY;

  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int j = 0; j < lanes; ++j) most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
  for (int j = 0; i < count; ++i, ++j) most[j] = x[i] > most[j] ? x[i] : most[j];
  for (int width = lanes / 2; width > 0; width /= 2)
    for (int j = 0; j < width; ++j) most[j] = most[j + width] > most[j] ? most[j + width] : most[j];
  const float top = most[0];
  *greatest = top;

  // What is not allowed is 0 for a while: numbers that vanish in single precision cost processors dearly.
  for (i = 0; i < count; ++i) x[i] = x[i] == -INFINITY ? 0 : x[i] - top;
  cvm_exp_floats_with(CVMInstructionsAVX512, x, x, count);
  if (mask)
    for (i = 0; i < count; ++i) x[i] = mask[i] ? x[i] : 0;
  float sum = 0;
  for (i = 0; i < count; ++i) sum += x[i];
  const float inverse = 1 / sum;
  for (i = 0; i < count; ++i) x[i] *= inverse;
  return sum;
}

CLONED float cnn_choice_slopes(
    const float *restrict p, float *restrict slopes, size_t count, size_t chosen, float weight,
    float entropyWeight, float scale) {
  cvm_log_floats_with(CVMInstructionsAVX512, p, slopes, count);
  float entropy = 0;
  for (size_t i = 0; i < count; ++i) entropy -= p[i] > 0 ? p[i] * slopes[i] : 0;
  // d log π(a) / d logit = [i = a] - p; d H / d logit = -p (log p + H).
  for (size_t i = 0; i < count; ++i) {
    const float towards = (i == chosen ? 1.0f : 0.0f) - p[i];
    const float slope = scale * (-weight * towards + entropyWeight * p[i] * (slopes[i] + entropy));
    slopes[i] = p[i] > 0 ? slope : 0;
  }
  return entropy;
}
