// Layer and batch normalisation: what an instruction set offers. Upper layers see only this; the maths is in
// norm.h. Pointers are to the first row and column of the part to do, so each call may have any range of rows
// (layer_*, batch_forward, batch_backward) or of columns (batch_statistics, weight_gradient); ranges never
// change the bits.
//
//   layer norm   rows: layer_forward … rows: layer_backward · columns: weight_gradient
//   batch norm   columns: batch_statistics — barrier — rows: batch_forward …
//                columns: weight_gradient — barrier — rows: batch_backward
#pragma once
#include "core/view.h"
#include "kernels/step/step_table.h"

namespace ds {

// n = (x - mean)·scale, y = n·weight + bias. weight and bias may be null (1 and 0).
// Layer norm: mean and scale are the row's, computed here; scale (rows values) is kept for the backward pass.
// Batch norm: mean and scale are given, a value a column (the batch's, or in inference the running ones).
template <class T>
struct NormForward {
    Matrix<T> y;  // may be x
    Matrix<T> n;  // what the backward pass needs; null in inference. May be x only if y is not.
    Matrix<const T> x;
    const T* weight = nullptr;
    const T* bias = nullptr;
    const T* mean = nullptr;          // batch norm
    const T* column_scale = nullptr;  // batch norm
    T* row_scale = nullptr;           // layer norm; may be null in inference
    T eps = T(0);                     // layer norm
};

// dx from dy, the gradient with respect to y.
// Batch norm: dweight and dbias are the sums of weight_gradient over the whole batch of `count` rows.
template <class T>
struct NormBackward {
    Matrix<T> dx;  // may be dy
    Matrix<const T> dy;
    Matrix<const T> n;
    const T* weight = nullptr;
    const T* row_scale = nullptr;     // layer norm
    const T* column_scale = nullptr;  // batch norm
    const T* dweight = nullptr;       // batch norm
    const T* dbias = nullptr;         // batch norm
    Index count = 0;                  // batch norm: rows of the whole batch
};

// Layer norm's backward pass over a forward pass and its tangent together (docs/design/gan.md): dx as above, plus
// the part that comes from dy_dot, the gradient with respect to the tangent of y. x_dot and n_dot are the
// tangents of x and n.
template <class T>
struct NormDoubleBackward {
    NormBackward<T> backward;
    Matrix<const T> dy_dot;
    Matrix<const T> x_dot;
    Matrix<const T> n_dot;
};

// Per column over all rows of the batch: mean, variance (divided by rows), scale = 1/sqrt(variance + eps).
template <class T>
struct BatchStatistics {
    T* mean = nullptr;
    T* variance = nullptr;
    T* scale = nullptr;
    Matrix<const T> x;
    T eps = T(0);
};

// Per column over all rows of the batch: dweight = Σ dy·n, dbias (may be null) = Σ dy over the first bias_rows.
// The backend's operation also accumulates: it adds to both. Kernels do not.
template <class T>
struct NormWeightGradient {
    Index bias_rows = 0;
    T* dweight = nullptr;
    T* dbias = nullptr;
    Matrix<const T> dy;
    Matrix<const T> n;
    bool accumulate = false;
};

// running += momentum·(batch - running), the variance unbiased as PyTorch's: times count/(count - 1).
template <class T>
struct RunningStatistics {
    Index cols = 0;
    T* mean = nullptr;
    T* variance = nullptr;
    const T* batch_mean = nullptr;
    const T* batch_variance = nullptr;
    T momentum = T(0);
    Index count = 0;
    const StepStatus* status = nullptr;  // of a step that has diverged: no update
};

template <class T>
struct NormKernels {
    void (*layer_forward)(const NormForward<T>&) = nullptr;
    void (*layer_backward)(const NormBackward<T>&) = nullptr;
    void (*layer_norm_double_backward)(const NormDoubleBackward<T>&) = nullptr;
    void (*batch_statistics)(const BatchStatistics<T>&) = nullptr;
    void (*batch_forward)(const NormForward<T>&) = nullptr;
    void (*batch_backward)(const NormBackward<T>&) = nullptr;
    void (*weight_gradient)(const NormWeightGradient<T>&) = nullptr;
    void (*running_statistics)(const RunningStatistics<T>&) = nullptr;
    // scale = 1/sqrt(variance + eps), for inference with running statistics.
    void (*inverse_stddev)(T* scale, const T* variance, T eps, Index cols) = nullptr;
};

}  // namespace ds
