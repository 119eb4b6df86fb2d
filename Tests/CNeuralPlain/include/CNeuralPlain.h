#ifndef CNEURAL_PLAIN_H
#define CNEURAL_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

// As in CNeural.h, for a processor without wide vectors or fused products.

void plain_product(
    const float *x, const float *w, float *y, size_t rows, size_t inputs, size_t outputs);
void plain_weight_gradient(
    const float *x, const float *d, float *g, size_t rows, size_t inputs, size_t outputs);
void plain_input_gradient(
    const float *d, const float *w, float *turned, float *x, size_t rows, size_t inputs,
    size_t outputs);
void plain_dense(
    const float *x, const float *w, const float *b, float *y, size_t rows, size_t inputs,
    size_t outputs, int relu);
void plain_score(
    const float *x, const float *w, const float *b, const float *v, const float *c, float *scores,
    size_t rows, size_t inputs, size_t hidden);
void plain_adam(
    float *parameters, const float *gradient, float *m, float *v, size_t count, float scale,
    float rate, float beta1, float beta2, float epsilon, float c1, float c2);
void plain_unactivate(float *gradient, const float *activation, size_t count, int kind);

float plain_softmax(float *x, const bool *mask, size_t count, float *greatest);
float plain_choice_slopes(
    const float *p, float *slopes, size_t count, size_t chosen, float weight, float entropyWeight,
    float scale);

#endif
