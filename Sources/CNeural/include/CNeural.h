#ifndef CNEURAL_H
#define CNEURAL_H

#include <stdbool.h>
#include <stddef.h>

// All matrices are by rows. Every function gives the same bits on every processor: the order of its sums, and which of
// them are fused with a product, are those of the source, whatever the width of the vectors.

/// y = x · w: x is rows × inputs, w inputs × outputs.
void cnn_product(
    const float *x, const float *w, float *y, size_t rows, size_t inputs, size_t outputs);

/// g += xᵀ · d, the gradient of a loss by the weights of `cnn_product`, given that by y.
void cnn_weight_gradient(
    const float *x, const float *d, float *g, size_t rows, size_t inputs, size_t outputs);

/// x = d · wᵀ, the gradient by the inputs. `turned` is room for inputs × outputs numbers.
void cnn_input_gradient(
    const float *d, const float *w, float *turned, float *x, size_t rows, size_t inputs,
    size_t outputs);

/// y = x · w + b for `rows` rows, by the widest instructions of the machine: x is rows × inputs, w
/// inputs × outputs, both by rows. Negative results become 0 if `relu`. Sums run over the inputs in
/// order, so a row's result does not hang on the others.
void cnn_dense(
    const float *x, const float *w, const float *b, float *y, size_t rows, size_t inputs,
    size_t outputs, int relu);

/// As two calls of `cnn_dense`, with relu in between, to a single output: scores of `rows` rows.
/// `hidden` is a multiple of 32, at most 128.
void cnn_score(
    const float *x, const float *w, const float *b, const float *v, const float *c, float *scores,
    size_t rows, size_t inputs, size_t hidden);

/// One step of Adam over `count` parameters (Kingma and Ba, ICLR 2015, algorithm 1), gradients times
/// `scale` first; `c1` and `c2` are 1 - beta1^t and 1 - beta2^t.
void cnn_adam(
    float *parameters, const float *gradient, float *m, float *v, size_t count, float scale,
    float rate, float beta1, float beta2, float epsilon, float c1, float c2);

/// Adds the bias to each row and applies the activation: 0 none, 1 relu, 2 tanh.
void cnn_bias(float *y, const float *b, size_t rows, size_t outputs, int activation);

/// Turns gradients of activations into gradients of sums, given the activations.
void cnn_unactivate(float *gradient, const float *activation, size_t count, int kind);

/// Sums over the rows, added to `sum`.
void cnn_column_sums(const float *x, float *sum, size_t rows, size_t columns);

/// Turns `count` logits into probabilities in place, those that `mask` does not allow into 0; without a mask all are
/// allowed. At least one is. Returns the sum of e^(logit - greatest), taken in order, and the greatest that is allowed.
float cnn_softmax(float *x, const bool *mask, size_t count, float *greatest);

/// The slopes by logits of scale × (-weight × log p(chosen) - entropyWeight × H), H = -Σ p log p, given the
/// probabilities p; 0 where p is. Returns H in nats, summed in order.
float cnn_choice_slopes(
    const float *p, float *slopes, size_t count, size_t chosen, float weight, float entropyWeight,
    float scale);

#endif
