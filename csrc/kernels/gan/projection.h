// The projection discriminator's kernels (Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637): scores of rows
// whose weights depend on labels, and their gradients. Dot products use 16 lanes, sums over labels and rows
// ascend.
#pragma once
#include "kernels/gan/gan_table.h"
#include "kernels/norm/norm.h"

DS_ISA_BEGIN

template <class T>
DS_KERNEL T dot_product(const T* a, const T* b, Index n) {
    return row_sum<T>(n, [=](Vec<T> s, Index j, Index k)
                             DS_LAMBDA { return fma(load_part(a + j, k), load_part(b + j, k), s); });
}

template <class T>
DS_KERNEL void projection_forward(const ProjectionForward<T>& a) {
    const T bias = a.bias != nullptr ? *a.bias : T(0);
    for (Index r = 0; r < a.x.rows; ++r) {
        const T* const x = a.x.row(r);
        T* const w = a.weights ? a.weights.row(r) : nullptr;
        const std::int64_t* const label = a.labels + r * a.pac;
        const T z = row_sum<T>(a.x.cols, [=, &a](Vec<T> s, Index j, Index n) DS_LAMBDA {
            Vec<T> sum = load_part(a.weight + j, n);
            for (Index p = 0; p < a.pac; ++p)
                sum = load_part(a.embedding.row(p * a.classes + label[p]) + j, n) + sum;
            if (w != nullptr) store_part(w + j, sum, n);
            return fma(load_part(x + j, n), sum, s);
        });
        store_lane0(a.z.row(r), a.bias != nullptr ? z + bias : z);
    }
}

// Rows y = factor · x, with a factor for each.
template <class T>
DS_KERNEL void scale_rows(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x) {
    for (Index r = 0; r < y.rows; ++r) {
        const Vec<T> f(*factor.row(r));
        map(y.row(r), x.row(r), y.cols, [f](Vec<T> v) DS_LAMBDA { return f * v; });
    }
}

template <class T>
DS_KERNEL void row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b) {
    for (Index r = 0; r < a.rows; ++r) store_lane0(out.row(r), dot_product(a.row(r), b.row(r), a.cols));
}

template <class T>
DS_KERNEL void projection_weight_gradient(const ProjectionWeightGradient<T>& a) {
    const Index cols = a.x.cols;
    for (Index c = 0; c < a.dembedding.rows; ++c) {
        T* const to = a.dembedding.row(c);
        for_row<T>(cols, [=](int, Index j, Index n) DS_LAMBDA { store_part(to + j, Vec<T>(T(0)), n); });
    }
    for (Index r = 0; r < a.x.rows; ++r) {
        const Vec<T> d(*a.d.row(r));
        const T* const x = a.x.row(r);
        for (Index p = 0; p < a.pac; ++p) {
            T* const to = a.dembedding.row(p * a.classes + a.labels[r * a.pac + p]);
            map(to, to, x, cols, [d](Vec<T> s, Vec<T> v) DS_LAMBDA { return fma(d, v, s); });
        }
    }
}

DS_ISA_END
