#include "CNeural.h"
#include "CVectorMath.h"

#include <string.h>

#include "fixed.h"

// Products of matrices whose bits do not hang on the processor: the order of every sum is written down here, each
// product is fused with its sum, and vectors run over elements that have nothing to do with each other. So the versions
// for wide and narrow vectors give the same.

enum {
  /// Columns of a block, in registers together with its rows, where vectors have eight numbers or fewer.
  tile = 16,
  /// Where they have sixteen.
  broadTile = 32,
  /// Rows of a block.
  high = 6,
  /// Terms of a sum that are added up before they join the rest: few enough for the first cache.
  deep = 256
};

// Of C += A B, a block of `rows` × `width` (at most `wide`) over `k` terms. Element (r, i) of A is a[r * row + i * step].
static inline __attribute__((always_inline)) void block(
    const float *restrict a, size_t row, size_t step, const float *restrict b, size_t bstep,
    float *restrict c, size_t cstep, size_t k, const int rows, size_t width, const int wide) {
  float sums[high][broadTile];
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < wide; ++j) sums[r][j] = 0;
  for (size_t i = 0; i < k; ++i) {
    const float *bs = b + i * bstep;
    for (int r = 0; r < rows; ++r) {
      const float value = a[r * row + i * step];
      for (int j = 0; j < wide; ++j) sums[r][j] = fma32(value, bs[j], sums[r][j]);
    }
  }
  for (int r = 0; r < rows; ++r)
    for (size_t j = 0; j < width; ++j) c[r * cstep + j] += sums[r][j];
}

// A column of blocks.
static inline __attribute__((always_inline)) void column(
    const float *restrict a, size_t row, size_t step, const float *restrict b, size_t bstep,
    float *restrict c, size_t cstep, size_t m, size_t k, size_t width, const int wide) {
  size_t r = 0;
  for (; r + high <= m; r += high)
    block(a + r * row, row, step, b, bstep, c + r * cstep, cstep, k, high, width, wide);
  for (; r + 2 <= m; r += 2)
    block(a + r * row, row, step, b, bstep, c + r * cstep, cstep, k, 2, width, wide);
  if (r < m) block(a + r * row, row, step, b, bstep, c + r * cstep, cstep, k, 1, width, wide);
}

// C += A B by columns of `wide`: C is m × n, A m × k with strides, B k × n, all but A by rows.
static inline __attribute__((always_inline)) void multiply_by(
    const float *restrict a, size_t row, size_t step, const float *restrict b, float *restrict c,
    size_t m, size_t n, size_t k, const int wide) {
  float packed[deep * tile];
  for (size_t done = 0; done < k; done += deep) {
    const size_t part = k - done < deep ? k - done : deep;
    const float *as = a + done * step, *bs = b + done * n;
    size_t j = 0;
    for (; j + wide <= n; j += wide) column(as, row, step, bs + j, n, c + j, n, m, part, wide, wide);
    // What is left of the columns by narrower blocks, the last with zeros beside it.
    for (; j + tile <= n; j += tile) column(as, row, step, bs + j, n, c + j, n, m, part, tile, tile);
    if (j == n) continue;
    for (size_t i = 0; i < part; ++i)
      for (size_t l = 0; l < tile; ++l) packed[i * tile + l] = j + l < n ? bs[i * n + j + l] : 0;
    column(as, row, step, packed, tile, c + j, n, m, part, n - j, tile);
  }
}

// C += A B. How wide blocks are says nothing about the sums.
static inline __attribute__((always_inline)) void multiply(
    const float *restrict a, size_t row, size_t step, const float *restrict b, float *restrict c,
    size_t m, size_t n, size_t k) {
  if (cvm_best_instructions() == CVMInstructionsAVX512)
    multiply_by(a, row, step, b, c, m, n, k, broadTile);
  else
    multiply_by(a, row, step, b, c, m, n, k, tile);
}

// y = x · w for a single column: sums of every 16th term, joined by a fixed tree.
static inline __attribute__((always_inline)) void dots(
    const float *restrict x, const float *restrict w, float *restrict y, size_t rows,
    size_t inputs) {
  for (size_t row = 0; row < rows; ++row, x += inputs) {
    float sums[tile] = {0};
    size_t i = 0;
    for (; i + tile <= inputs; i += tile)
      for (int j = 0; j < tile; ++j) sums[j] = fma32(x[i + j], w[i + j], sums[j]);
    for (int j = 0; i < inputs; ++i, ++j) sums[j] = fma32(x[i], w[i], sums[j]);
    for (int width = tile / 2; width > 0; width /= 2)
      for (int j = 0; j < width; ++j) sums[j] += sums[j + width];
    y[row] = sums[0];
  }
}

// g += xᵀ · d for a single column: four sums over every fourth row, so that one need not wait for another.
static inline __attribute__((always_inline)) void weighted_rows(
    const float *restrict x, const float *restrict d, float *restrict g, size_t rows,
    size_t inputs) {
  for (size_t start = 0; start < inputs; start += tile) {
    const size_t width = inputs - start < tile ? inputs - start : tile;
    float sums[4][tile] = {{0}};
    size_t row = 0;
    if (width == tile) {
      for (; row + 4 <= rows; row += 4)
        for (int s = 0; s < 4; ++s) {
          const float *xs = x + (row + s) * inputs + start;
          for (int j = 0; j < tile; ++j) sums[s][j] = fma32(d[row + s], xs[j], sums[s][j]);
        }
    }
    for (; row < rows; ++row) {
      const float *xs = x + row * inputs + start;
      float *restrict mine = sums[row % 4];
      for (size_t j = 0; j < width; ++j) mine[j] = fma32(d[row], xs[j], mine[j]);
    }
    for (size_t j = 0; j < width; ++j)
      g[start + j] += (sums[0][j] + sums[2][j]) + (sums[1][j] + sums[3][j]);
  }
}

CLONED void cnn_product(
    const float *restrict x, const float *restrict w, float *restrict y, size_t rows,
    size_t inputs, size_t outputs) {
  if (outputs == 1) return dots(x, w, y, rows, inputs);
  memset(y, 0, rows * outputs * sizeof(float));
  multiply(x, inputs, 1, w, y, rows, outputs, inputs);
}

CLONED void cnn_weight_gradient(
    const float *restrict x, const float *restrict d, float *restrict g, size_t rows,
    size_t inputs, size_t outputs) {
  if (outputs == 1) return weighted_rows(x, d, g, rows, inputs);
  multiply(x, 1, inputs, d, g, inputs, outputs, rows);
}

CLONED void cnn_input_gradient(
    const float *restrict d, const float *restrict w, float *restrict turned, float *restrict x,
    size_t rows, size_t inputs, size_t outputs) {
  for (size_t i = 0; i < inputs; ++i)
    for (size_t j = 0; j < outputs; ++j) turned[j * inputs + i] = w[i * outputs + j];
  memset(x, 0, rows * inputs * sizeof(float));
  multiply(d, outputs, 1, turned, x, rows, inputs, outputs);
}
