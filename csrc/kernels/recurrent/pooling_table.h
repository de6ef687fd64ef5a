// The interface of the kernels that pool the steps of a sequence to one row of features. Upper layers include only
// this file.
#pragma once
#include "core/view.h"

namespace ds {

enum class Pool : int { kLast, kMean, kMax };

// Some sequences, sorted by length, and their packed steps: row i of step t is row offset[t] + i of y.
template <class T>
struct PoolArgs {
    Pool kind = Pool::kLast;
    Range rows;
    const Index* length = nullptr;    // by row
    const Index* offset = nullptr;    // by step
    const Index* position = nullptr;  // row i is pooled to row position[i] - first; null: to row i
    Index first = 0;
    Matrix<T> pooled;   // backward: the gradient with respect to it; of the last step that of the last states
    Matrix<T> y;        // backward: the gradient with respect to it, which is written
    Matrix<const T> h;  // the last states by row
    // Of maxima, by row and column: the step, the earliest of equals. Written by pool_forward.
    Index* best = nullptr;
};

template <class T>
struct PoolKernels {
    void (*pool_forward)(const PoolArgs<T>&) = nullptr;
    void (*pool_backward)(const PoolArgs<T>&) = nullptr;
    void (*pool_tangent)(const PoolArgs<T>&) = nullptr;  // y, h and pooled are tangents
};

}  // namespace ds
