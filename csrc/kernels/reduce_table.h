// Sums, softmax and arg-max as the layers see them. No instruction set.
// Sums over a row are Lanes16 trees (simd/lanes.h); sums over the rows of a batch are chains in ascending
// order per kSumChunk rows, the chunks added in ascending order. Neither depends on the instruction set or on
// how work is shared.
#pragma once
#include "core/types.h"

namespace ds {

template <class T>
struct ReduceKernels {
    double (*sum)(const T* x, Index n);                       // in double
    double (*weighted_sum)(const T* x, const T* w, Index n);  // of x[i] * w[i], the products in double
    void (*col_sum)(T* out, const T* x, Index ld, Index rows, Index cols);  // out[cols] = sums over the rows
    // y[rows][cols] = softmax of each row of z. y may be z.
    void (*softmax_rows)(T* y, Index ldy, const T* z, Index ldz, Index rows, Index cols);
    // dz = y * (dy - sum(dy * y)) in each row: for a loss that is not fused with softmax. dz may be dy.
    void (*softmax_backward_rows)(T* dz, Index lddz, const T* dy, Index lddy, const T* y, Index ldy,
                                  Index rows, Index cols);
    // The first of the largest elements of each row.
    void (*argmax_rows)(std::int64_t* out, const T* x, Index ld, Index rows, Index cols);
};

}  // namespace ds
