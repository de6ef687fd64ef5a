// Periodic embedding of numbers (Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556; with phases and the
// feature itself as in Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491). Of feature j:
//   wave_f = cos 2π(frequency_fj·x_j + phase_fj)        output_kj = Σ_f wave_f·weight_kfj
// Registers hold features, so every number is one chain over ascending frequencies, at any width. Sums over
// rows: ascending, one chain per kSumChunk rows, the chunks added in ascending order.
#pragma once
#include "formulas/sin_cos.h"
#include "kernels/embedding/embedding_table.h"
#include "kernels/norm/norm.h"

DS_ISA_BEGIN

// Calls f(first feature, features present) for each register of features.
template <class T, class F>
DS_INLINE void for_features(Index features, F f) {
    constexpr Index W = Vec<T>::W;
    for (Index j = 0; j < features; j += W) f(j, features - j < W ? features - j : W);
}

// The angle without its whole turns. An angle that overflows counts as half a turn.
template <class V>
DS_INLINE V within_a_turn(V turns) {
    using T = ScalarOf<V>;
    return max(min(turns - round(turns), V(T(0.5))), V(T(-0.5)));
}

template <class T>
DS_KERNEL void periodic_forward(const PeriodicForward<T>& a) {
    const Index features = a.frequency.cols, frequencies = a.frequency.rows, slot = wave_slot(features);
    const Index outputs = a.weight.rows / frequencies;
    for (Index r = 0; r < a.y.rows; ++r) {
        const T* x = a.x.row(r);
        T* y = a.y.row(r);
        T* cosine = a.waves.row(r);
        T* sine = cosine + frequencies * slot;
        for_features<T>(a.x.cols,
                        [=](Index j, Index n) DS_LAMBDA { store_part(y + j, load_part(x + j, n), n); });
        y += a.x.cols;
        for_features<T>(features, [=, &a](Index j, Index n) DS_LAMBDA {
            const Vec<T> number = load_part(x + j, n);
            for (Index f = 0; f < frequencies; ++f) {
                const Vec<T> turns =
                    fma(load_part(a.frequency.row(f) + j, n), number, load_part(a.phase.row(f) + j, n));
                const SinCos<Vec<T>> wave = sin_cos(within_a_turn(turns));
                store(cosine + f * slot + j, wave.cos);  // the slot has room for a whole register
                store(sine + f * slot + j, wave.sin);
            }
            const T* weight = a.weight.p + j;
            for (Index k = 0; k < outputs; ++k) {
                Vec<T> sum = zero<T>();
                for (Index f = 0; f < frequencies; ++f, weight += a.weight.ld)
                    sum = fma(load(cosine + f * slot + j), load_part(weight, n), sum);
                store_part(y + k * features + j, sum, n);
            }
        });
    }
}

// ∂/∂turns = -2π sin·Σ_k dy_k·weight_k.
template <class T>
DS_KERNEL void periodic_backward(const PeriodicBackward<T>& a) {
    const Index features = a.weight.cols, frequencies = a.frequencies, slot = wave_slot(features);
    const Index outputs = a.weight.rows / frequencies;
    const Vec<T> factor(T(-6.283185307179586477));
    for (Index r = 0; r < a.dy.rows; ++r) {
        const T* dy = a.dy.row(r);
        T* sine = a.waves.row(r) + frequencies * slot;
        for_features<T>(features, [=, &a](Index j, Index n) DS_LAMBDA {
            for (Index f = 0; f < frequencies; ++f) {
                const T* weight = a.weight.row(f) + j;
                Vec<T> dwave = zero<T>();
                for (Index k = 0; k < outputs; ++k, weight += frequencies * a.weight.ld)
                    dwave = fma(load_part(dy + k * features + j, n), load_part(weight, n), dwave);
                T* wave = sine + f * slot + j;
                store(wave, load(wave) * (dwave * factor));
            }
        });
    }
}

// The sums of one frequency: phase, frequency, and the weights of kOutputs outputs from `first` on.
template <int kOutputs, class T>
DS_INLINE void frequency_sums(const PeriodicWeightGradient<T>& a, Index f, Index first) {
    const Index features = a.dfrequency.cols, frequencies = a.dfrequency.rows, slot = wave_slot(features);
    for_features<T>(features, [=, &a](Index j, Index n) DS_LAMBDA {
        const T* cosine = a.waves.p + f * slot + j;
        const T* dturns = cosine + frequencies * slot;
        const T *x = a.x.p + j, *dy = a.dy.p + first * features + j;
        const Index ld = a.waves.ld, ldx = a.x.ld, ldd = a.dy.ld;
        Vec<T> sums[2 + kOutputs];
        column_sums<T, 2 + kOutputs>(sums, a.dy.rows, [=](Vec<T> s, Index r, int v) DS_LAMBDA {
            if (v == 0) return s + load(dturns + r * ld);
            if (v == 1) return fma(load(dturns + r * ld), load_part(x + r * ldx, n), s);
            return fma(load_part(dy + r * ldd + (v - 2) * features, n), load(cosine + r * ld), s);
        });
        store_part(a.dphase.row(f) + j, sums[0], n);
        store_part(a.dfrequency.row(f) + j, sums[1], n);
        for (int k = 0; k < kOutputs; ++k)
            store_part(a.dweight.row((first + k) * frequencies + f) + j, sums[2 + k], n);
    });
}

template <class T>
DS_KERNEL void periodic_weight_gradient(const PeriodicWeightGradient<T>& a) {
    const Index outputs = a.dweight.rows / a.dfrequency.rows;
    for (Index f = a.frequencies.begin; f < a.frequencies.end; ++f) {
        Index k = 0;
        for (; k + 3 <= outputs; k += 3) frequency_sums<3>(a, f, k);
        for (; k < outputs; ++k) frequency_sums<1>(a, f, k);
    }
}

template <class T>
constexpr EmbeddingKernels<T> embedding_kernels() {
    return {periodic_forward<T>, periodic_backward<T>, periodic_weight_gradient<T>};
}

DS_ISA_END
