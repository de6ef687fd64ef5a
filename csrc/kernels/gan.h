// The kernels of adversaries: losses over pairs of scores, gradient penalties, augmentation, the moving average.
// Rows are summed in 16 lanes, so their bits depend on nothing else.
#pragma once
#include "formulas/gan_loss.h"
#include "kernels/deviation.h"
#include "kernels/gan_table.h"
#include "kernels/pointwise.h"

DS_ISA_BEGIN

template <class T, class L, bool kGenerator>
void gan_loss(const GanLossArgs<T>& a) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> scale(a.scale);
    for (Index i = 0; i < a.n; i += W) {
        const Index n = a.n - i < W ? a.n - i : W;
        const Vec<T> x = loadn(a.a + i, n), y = loadn(a.b + i, n);
        const GanLossAt<Vec<T>> at = kGenerator ? L::generator(x, y) : L::discriminator(x, y);
        storen(a.loss + i, at.loss, n);
        if (!kGenerator) storen(a.da + i, at.da * scale, n);
        storen(a.db + i, at.db * scale, n);
    }
}

template <class T>
T dot_product(const T* a, const T* b, Index n) {
    return row_sum<T>(n, [=](Vec<T> s, Index j, Index k) __attribute__((always_inline)) {
        return fma(load_part(a + j, k), load_part(b + j, k), s);
    });
}

template <class T>
void scaled_array(T* y, T a, const T* x, Index n) {
    const Vec<T> f(a);
    map(y, x, n, [f](Vec<T> v) __attribute__((always_inline)) { return f * v; });
}
template <class T>
void axpy_array(T* y, T a, const T* x, Index n) {
    const Vec<T> f(a);
    map(y, y, x, n, [f](Vec<T> s, Vec<T> v) __attribute__((always_inline)) { return fma(f, v, s); });
}

template <class T>
PenaltyAt<T> zero_centred_penalty(T squares, T weight) {
    return {T(0.5) * weight * squares, weight};
}
template <class T>
PenaltyAt<T> one_centred_penalty(T squares, T weight) {
    const T norm = sqrt(squares), off = norm - T(1);
    return {weight * off * off, norm > T(0) ? T(2) * weight * off / norm : T(0)};
}

template <class T>
void mix_rows(T* y, T share, const T* a, const T* b, Index n) {
    const Vec<T> t(share), rest = Vec<T>(T(1)) - t;
    map(y, a, b, n,
        [t, rest](Vec<T> u, Vec<T> v) __attribute__((always_inline)) { return fma(t, u, rest * v); });
}

template <class T>
void augment_row(const AugmentArgs<T>& a) {
    const bool scaled = a.chance[0] < a.probability, cut = a.chance[1] < a.probability;
    const Vec<T> jitter(a.chance[2] < a.probability ? a.jitter : T(0)), zero(T(0));
    const Vec<T> factor = scaled ? exp(Vec<T>(a.scale * a.normal[a.cols])) : Vec<T>(T(1));
    const Vec<T> threshold(cut ? a.cutout : T(0));
    for_row<T>(a.cols, [=, &a](int, Index j, Index n) __attribute__((always_inline)) {
        store_part(a.factor + j, select(load_part(a.chance + 3 + j, n) < threshold, zero, factor), n);
        store_part(a.added + j, fma(jitter, load_part(a.normal + j, n), load_part(a.added + j, n)), n);
    });
}

template <class T>
void change_array(T* y, const T* x, const T* factor, const T* added, Index n) {
    for_row<T>(n, [=](int, Index j, Index k) __attribute__((always_inline)) {
        store_part(y + j, fma(load_part(x + j, k), load_part(factor + j, k), load_part(added + j, k)), k);
    });
}

template <class T>
void follow_array(T* average, const T* w, Index n, T rest) {
    const Vec<T> f(rest);
    map(average, average, w, n,
        [f](Vec<T> own, Vec<T> v) __attribute__((always_inline)) { return fma(f, v - own, own); });
}

template <class T>
void gumbel_array(T* g, Index n) {
    map(g, g, n, [](Vec<T> u) __attribute__((always_inline)) { return -log(-log(u)); });
}

template <class T, class L>
constexpr void set_gan_loss(GanKernels<T>& k, GanLoss loss) {
    k.discriminator[int(loss)] = gan_loss<T, L, false>;
    k.generator[int(loss)] = gan_loss<T, L, true>;
}

template <class T>
constexpr GanKernels<T> gan_kernels() {
    GanKernels<T> k{};
    set_gan_loss<T, Minimax>(k, GanLoss::kMinimax);
    set_gan_loss<T, NonSaturating>(k, GanLoss::kNonSaturating);
    set_gan_loss<T, LeastSquares>(k, GanLoss::kLeastSquares);
    set_gan_loss<T, Hinge>(k, GanLoss::kHinge);
    set_gan_loss<T, Wasserstein>(k, GanLoss::kWasserstein);
    set_gan_loss<T, Relativistic>(k, GanLoss::kRelativistic);
    k.zero_centred = zero_centred_penalty<T>;
    k.one_centred = one_centred_penalty<T>;
    k.mix = mix_rows<T>;
    k.augment = augment_row<T>;
    k.change = change_array<T>;
    k.follow = follow_array<T>;
    k.gumbel = gumbel_array<T>;
    k.axpy = axpy_array<T>;
    k.scaled = scaled_array<T>;
    k.dot = dot_product<T>;
    k.deviation_forward = deviation_forward<T>;
    k.deviation_backward = deviation_backward<T>;
    k.deviation_tangent = deviation_tangent<T>;
    k.deviation_backward_bent = deviation_backward_bent<T>;
    return k;
}

DS_ISA_END
