// Sums, softmax and arg-max as the layers see them. No instruction set.
// Sums over a row are Lanes16 trees (simd/lanes.h); sums over the rows of a batch are chains in ascending
// order per kSumChunk rows, the chunks added in ascending order. Neither depends on the instruction set or on
// how work is shared.
#pragma once
#include "core/view.h"

namespace ds {

template <class T>
struct ReduceKernels {
    double (*sum)(const T* x, Index n);                       // in double
    double (*weighted_sum)(const T* x, const T* w, Index n);  // of x[i] * w[i], the products in double
    // out[cols] = sums over the rows of x. No view: it would be stored just before the kernel loads it, and
    // every bias gradient of a small net would wait for these stores.
    void (*col_sum)(T* out, const T* x, Index rows, Index cols, Index ld);
    // y = softmax of each row of z. y may be z.
    void (*softmax_rows)(const Matrix<T>& y, const Matrix<const T>& z);
    // dz = y * (dy - sum(dy * y)) in each row: for a loss that is not fused with softmax. dz may be dy.
    void (*softmax_backward_rows)(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y);
    // The first of the largest elements of each row.
    void (*argmax_rows)(std::int64_t* out, const Matrix<const T>& x);
    // 1 there, 0 elsewhere. y may be x.
    void (*one_hot_rows)(const Matrix<T>& y, const Matrix<const T>& x);
};

}  // namespace ds
