// Spectral normalisation (Miyato et al. 2018, https://arxiv.org/abs/1802.05957): power iterations, W / σ, and the
// gradient through it. Dot products use 16 lanes; sums over the rows of a matrix ascend.
#pragma once
#include "kernels/gan/projection.h"

DS_ISA_BEGIN

template <class T>
DS_KERNEL void unit_vector(T* x, Index n) {
    const T norm = sqrt(dot_product(x, x, n));
    const Vec<T> divisor(norm < T(1e-12) ? T(1e-12) : norm);
    map(x, x, n, [divisor](Vec<T> v) DS_LAMBDA { return v / divisor; });
    sync();
}

// out = W · by_col, and by_col = Wᵀ · by_row.
template <class T>
DS_INLINE void row_products(T* out, const SpectralArgs<T>& a) {
    for (Index r = 0; r < a.w.rows; ++r) store_lane0(out + r, dot_product(a.w.row(r), a.by_col, a.w.cols));
    sync();
}
template <class T>
DS_INLINE void column_products(const SpectralArgs<T>& a) {
    T* const to = a.by_col;
    for_row<T>(a.w.cols, [=](int, Index j, Index n) DS_LAMBDA { store_part(to + j, Vec<T>(T(0)), n); });
    for (Index r = 0; r < a.w.rows; ++r) {
        const Vec<T> f(a.by_row[r]);
        map(to, to, a.w.row(r), a.w.cols, [f](Vec<T> s, Vec<T> v) DS_LAMBDA { return fma(f, v, s); });
    }
    sync();
}

template <class T>
DS_KERNEL void power_iteration(const SpectralArgs<T>& a) {
    if (a.status != nullptr && a.status->diverged != 0) return;
    const auto update_by_row = [&]() DS_LAMBDA {
        row_products(a.by_row, a);
        unit_vector(a.by_row, a.w.rows);
    };
    if (a.rows_first) update_by_row();
    column_products(a);
    unit_vector(a.by_col, a.w.cols);
    if (!a.rows_first) update_by_row();
}

template <class T>
DS_KERNEL void spectral_normalize(const SpectralArgs<T>& a) {
    row_products(a.products, a);
    const T sigma = dot_product(a.products, a.by_row, a.w.rows);
    store_lane0(a.sigma, sigma);
    const Vec<T> f(T(1) / sigma);
    for (Index r = 0; r < a.w.rows; ++r)
        map(a.w.row(r), a.w.row(r), a.w.cols, [f](Vec<T> v) DS_LAMBDA { return f * v; });
}

template <class T>
DS_KERNEL void spectral_backward(const SpectralArgs<T>& a) {
    T inner = T(0);
    for (Index r = 0; r < a.w.rows; ++r) inner += dot_product(a.dw.row(r), a.w.row(r), a.w.cols);
    const Vec<T> f(T(1) / *a.sigma);
    for (Index r = 0; r < a.w.rows; ++r) {
        const Vec<T> share(-inner * a.by_row[r]);
        map(a.dw.row(r), a.dw.row(r), a.by_col, a.w.cols,
            [=](Vec<T> d, Vec<T> v) DS_LAMBDA { return f * fma(share, v, d); });
    }
}

DS_ISA_END
