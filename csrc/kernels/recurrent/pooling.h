// Pooling of a sequence's steps to one row of features: the last step, the mean or the maxima. Sums and comparisons
// go over the steps in ascending order.
#pragma once
#include "kernels/elementwise/reduce.h"
#include "kernels/recurrent/pooling_table.h"

DS_ISA_BEGIN

template <class T>
DS_INLINE T* pooled_row(const PoolArgs<T>& a, Index row) {
    return a.pooled.row(a.position != nullptr ? a.position[row] - a.first : row);
}

template <class T>
DS_INLINE void pool_last(const PoolArgs<T>& a, Index row) {
    const T* const h = a.h.row(row);
    T* const out = pooled_row(a, row);
    if (out == h) return;
    for_row<T>(a.pooled.cols,
               [=](int, Index j, Index n) DS_LAMBDA { store_part(out + j, load_part(h + j, n), n); });
}

template <class T>
DS_INLINE void pool_mean(const PoolArgs<T>& a, Index row) {
    T* const out = pooled_row(a, row);
    const Index length = a.length[row];
    const Vec<T> count{T(length)};
    for_row<T>(a.pooled.cols, [=, &a](int, Index j, Index n) DS_LAMBDA {
        Vec<T> sum(T(0));
        for (Index t = 0; t < length; ++t) sum = sum + load_part(a.y.row(a.offset[t] + row) + j, n);
        store_part(out + j, sum / count, n);
    });
}

template <class T>
DS_KERNEL void pool_forward(const PoolArgs<T>& a) {
    const Index cols = a.pooled.cols;
    for (Index row = a.rows.begin; row < a.rows.end; ++row) {
        if (a.kind == Pool::kLast) {
            pool_last(a, row);
        } else if (a.kind == Pool::kMean) {
            pool_mean(a, row);
        } else {
            T* const out = pooled_row(a, row);
            Index* const best = a.best + row * cols;
            for (Index t = 0; t < a.length[row]; ++t) {
                const T* const step = a.y.row(a.offset[t] + row);
                for_columns(cols, [=](Index j) DS_LAMBDA {
                    if (t == 0 || step[j] > out[j]) out[j] = step[j], best[j] = t;
                });
            }
        }
    }
}

// Tangents of maxima are those of the steps that pool_forward() found.
template <class T>
DS_KERNEL void pool_tangent(const PoolArgs<T>& a) {
    const Index cols = a.pooled.cols;
    for (Index row = a.rows.begin; row < a.rows.end; ++row) {
        if (a.kind == Pool::kLast) {
            pool_last(a, row);
        } else if (a.kind == Pool::kMean) {
            pool_mean(a, row);
        } else {
            T* const out = pooled_row(a, row);
            const Index* const best = a.best + row * cols;
            for_columns(cols, [=, &a](Index j) DS_LAMBDA { out[j] = a.y.row(a.offset[best[j]] + row)[j]; });
        }
    }
}

template <class T>
DS_KERNEL void pool_backward(const PoolArgs<T>& a) {
    const Index cols = a.pooled.cols;
    for (Index row = a.rows.begin; row < a.rows.end; ++row) {
        const T* const d = pooled_row(a, row);
        const Index length = a.length[row];
        const Vec<T> count{T(length)};
        for (Index t = 0; t < length; ++t) {
            T* const step = a.y.row(a.offset[t] + row);
            if (a.kind == Pool::kMean) {
                for_row<T>(cols, [=](int, Index j, Index n)
                                     DS_LAMBDA { store_part(step + j, load_part(d + j, n) / count, n); });
            } else {
                const Index* const best = a.best + row * cols;
                for_columns(cols, [=](Index j) DS_LAMBDA { step[j] = best[j] == t ? d[j] : T(0); });
            }
        }
    }
}

template <class T>
constexpr PoolKernels<T> pool_kernels() {
    return {pool_forward<T>, pool_backward<T>, pool_tangent<T>};
}

DS_ISA_END
