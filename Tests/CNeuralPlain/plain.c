// The sources of CNeural under other names, in the version for any processor of the architecture.
#include "CVectorMath.h"

#define CLONED
#define cvm_best_instructions() CVMInstructionsBaseline
#define cnn_product plain_product
#define cnn_weight_gradient plain_weight_gradient
#define cnn_input_gradient plain_input_gradient
#define cnn_dense plain_dense
#define cnn_score plain_score
#define cnn_adam plain_adam
#define cnn_bias plain_bias
#define cnn_unactivate plain_unactivate
#define cnn_column_sums plain_column_sums
#define cnn_softmax plain_softmax
#define cnn_choice_slopes plain_choice_slopes
#include "../../Sources/CNeural/dense.c"
#include "../../Sources/CNeural/gemm.c"
#include "../../Sources/CNeural/softmax.c"
