// The GAN kernels: losses over pairs of scores, gradient penalties, augmentation, the exponential moving
// average. Sums over a row use 16 lanes, so their bits do not depend on the instruction set.
#pragma once
#include "formulas/gan_loss.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gan/gan_table.h"
#include "kernels/gan/minibatch_stddev.h"
#include "kernels/gan/projection.h"
#include "kernels/gan/spectral.h"

DS_ISA_BEGIN

template <class T, class L, bool kGenerator>
DS_KERNEL void gan_loss(const GanLossArgs<T>& a) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> scale(a.scale);
    for (Index i = 0; i < a.n; i += W) {
        const Index n = a.n - i < W ? a.n - i : W;
        const Vec<T> x = loadn(a.a + i, n), y = loadn(a.b + i, n);
        const GanLossAt<Vec<T>> loss = kGenerator ? L::generator(x, y) : L::discriminator(x, y);
        storen(a.loss + i, loss.loss, n);
        if (!kGenerator) storen(a.da + i, loss.da * scale, n);
        storen(a.db + i, loss.db * scale, n);
    }
}

template <class T>
DS_KERNEL void scale_array_by(T* y, T a, const T* x, Index n) {
    const Vec<T> f(a);
    map(y, x, n, [f](Vec<T> v) DS_LAMBDA { return f * v; });
}

// A penalty on a gradient, and the factor of the gradient in its derivative, from the gradient's squared norm.
template <class T>
struct PenaltyAt {
    T penalty, slope;
};
template <class T>
DS_INLINE PenaltyAt<T> penalty_at(T squares, T weight, bool one_centred) {
    if (!one_centred) return {T(0.5) * weight * squares, weight};
    const T norm = sqrt(squares), off = norm - T(1);
    return {weight * off * off, norm > T(0) ? T(2) * weight * off / norm : T(0)};
}

template <class T>
DS_KERNEL void penalty_rows(const PenaltyArgs<T>& a) {
    const Index cols = a.g.cols;
    for (Index i = a.rows.begin; i < a.rows.end; ++i) {
        const Index steps = a.length != nullptr ? a.length[i] : 1;
        const auto row = [&](Index t) DS_LAMBDA { return a.offset != nullptr ? a.offset[t] + i : i; };
        T squares = T(0);
        for (Index t = 0; t < steps; ++t) squares += dot_product(a.g.row(row(t)), a.g.row(row(t)), cols);
        const PenaltyAt<T> at = penalty_at(squares, a.weight, a.one_centred);
        store_lane0(a.penalty + (a.position != nullptr ? a.position[i] - a.first : i), at.penalty);
        for (Index t = 0; t < steps; ++t) scale_array_by(a.dg.row(row(t)), at.slope, a.g.row(row(t)), cols);
    }
}

template <class T>
DS_KERNEL void lerp_rows(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
                         const Matrix<const T>& b) {
    for (Index i = 0; i < y.rows; ++i) {
        const Vec<T> t(share[index != nullptr ? index[i] : i]), one_minus_t = Vec<T>(T(1)) - t;
        map(y.row(i), a.row(i), b.row(i), y.cols,
            [t, one_minus_t](Vec<T> u, Vec<T> v) DS_LAMBDA { return fma(t, u, one_minus_t * v); });
    }
}

template <class T>
DS_KERNEL void augment_rows(const AugmentArgs<T>& a) {
    const Index cols = a.factor.cols;
    const T probability = static_cast<T>(*a.probability);
    for (Index i = a.rows.begin; i < a.rows.end; ++i) {
        const Index sequence = a.sequence != nullptr ? a.sequence[i] : i;
        const T *u = a.uniform.row(sequence), *normal = a.normal.row(i);
        const bool scaled = u[0] < probability, cut = u[1] < probability;
        const Vec<T> jitter(u[2] < probability ? a.jitter : T(0)), zero(T(0));
        const Vec<T> scale = scaled ? exp(Vec<T>(a.scale * a.normal.row(sequence)[cols])) : Vec<T>(T(1));
        const Vec<T> threshold(cut ? a.cutout : T(0));
        T *factor = a.factor.row(i), *shift = a.shift.row(i);
        for_row<T>(cols, [=](int, Index j, Index n) DS_LAMBDA {
            store_part(factor + j, select(load_part(u + 3 + j, n) < threshold, zero, scale), n);
            store_part(shift + j, fma(jitter, load_part(normal + j, n), load_part(shift + j, n)), n);
        });
    }
}

template <class T>
DS_KERNEL void scale_shift_array(T* y, const T* x, const T* factor, const T* shift, Index n) {
    for_row<T>(n, [=](int, Index j, Index k) DS_LAMBDA {
        store_part(y + j, fma(load_part(x + j, k), load_part(factor + j, k), load_part(shift + j, k)), k);
    });
}

template <class T>
DS_KERNEL void ema_array(T* average, const T* w, Index n, T one_minus_decay) {
    const Vec<T> f(one_minus_decay);
    map(average, average, w, n, [f](Vec<T> old, Vec<T> v) DS_LAMBDA { return fma(f, v - old, old); });
}

template <class T>
DS_KERNEL void gumbel_array(T* g, Index n) {
    map(g, g, n, [](Vec<T> u) DS_LAMBDA { return -log(-log(u)); });
}

template <class T>
struct GanLossTable {
    template <class... L>
    struct Of {
        static constexpr void (*kDiscriminator[])(const GanLossArgs<T>&) = {gan_loss<T, L, false>...};
        static constexpr void (*kGenerator[])(const GanLossArgs<T>&) = {gan_loss<T, L, true>...};
    };
};

template <class T>
constexpr GanKernels<T> gan_kernels() {
    GanKernels<T> k{};
    k.discriminator = ForEachGanLoss<GanLossTable<T>::template Of>::kDiscriminator;
    k.generator = ForEachGanLoss<GanLossTable<T>::template Of>::kGenerator;
    k.penalty = penalty_rows<T>;
    k.projection_forward = projection_forward<T>;
    k.projection_weight_gradient = projection_weight_gradient<T>;
    k.scale_rows = scale_rows<T>;
    k.row_dots = row_dots<T>;
    k.lerp = lerp_rows<T>;
    k.augment = augment_rows<T>;
    k.scale_shift = scale_shift_array<T>;
    k.ema = ema_array<T>;
    k.gumbel = gumbel_array<T>;
    k.scale = scale_array_by<T>;
    k.unit_vector = unit_vector<T>;
    k.power_iteration = power_iteration<T>;
    k.spectral_normalize = spectral_normalize<T>;
    k.spectral_backward = spectral_backward<T>;
    k.minibatch_stddev_forward = minibatch_stddev_forward<T>;
    k.minibatch_stddev_backward = minibatch_stddev_backward<T>;
    k.minibatch_stddev_tangent = minibatch_stddev_tangent<T>;
    k.minibatch_stddev_double_backward = minibatch_stddev_double_backward<T>;
    return k;
}

DS_ISA_END
