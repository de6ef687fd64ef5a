// Minibatch standard deviation (Karras et al. 2018): forward, backward, tangent, and the reverse pass over the forward
// and its tangent together. Sums over a group's rows ascend; sums over features lie in 16 lanes.
#pragma once
#include "kernels/gan_table.h"
#include "kernels/norm.h"

DS_ISA_BEGIN

// The mean over a group's rows of column j.
template <class T>
DS_INLINE Vec<T> group_mean(const T* x, Index ld, Index group, Index j, Index n) {
    Vec<T> sum = load_part(x + j, n);
    for (Index r = 1; r < group; ++r) sum = sum + load_part(x + r * ld + j, n);
    return sum / Vec<T>(T(group));
}

template <class T>
DS_INLINE Vec<T> slope_of(const DeviationArgs<T>& a, const T* c, const T* t, Index j, Index n) {
    // Beyond a row's end t is 0; the lanes are not kept, but must not be slow.
    return load_part(c + j, n) / (Vec<T>(T(a.group * a.cols)) * load_part(t + j, n));
}

// The sum over a group's rows of their last column.
template <class T>
DS_INLINE T by_group(const T* d, Index ld, Index group, Index column) {
    T sum = d[column];
    for (Index r = 1; r < group; ++r) sum = sum + d[r * ld + column];
    return sum;
}

template <class T>
DS_INLINE void put_column(const DeviationArgs<T>& a, T* y, T value) {
    for (Index r = 0; r < a.group; ++r) y[r * a.ldy + a.cols] = value;
}

template <class T>
void deviation_forward(const DeviationArgs<T>& a) {
    for (Index g = 0; g < a.groups; ++g) {
        const T* x = a.x + g * a.group * a.ldx;
        T* y = a.y + g * a.group * a.ldy;
        T* c = a.c + g * a.group * a.ld;
        T* t = a.t + g * a.ld;
        const T sum = row_sum<T>(a.cols, [=, &a](Vec<T> s, Index j, Index n) __attribute__((always_inline)) {
            const Vec<T> mean = group_mean(x, a.ldx, a.group, j, n);
            Vec<T> squares(T(0));
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> v = load_part(x + r * a.ldx + j, n), centred = v - mean;
                store_part(y + r * a.ldy + j, v, n);
                store_part(c + r * a.ld + j, centred, n);
                squares = fma(centred, centred, squares);
            }
            const Vec<T> deviation = sqrt(squares / Vec<T>(T(a.group)) + Vec<T>(T(1e-8)));
            store_part(t + j, deviation, n);
            return s + deviation;
        });
        put_column(a, y, sum / T(a.cols));
    }
}

template <class T>
void deviation_backward(const DeviationArgs<T>& a) {
    for (Index g = 0; g < a.groups; ++g) {
        const T* d = a.x + g * a.group * a.ldx;
        T* dx = a.y + g * a.group * a.ldy;
        const T* c = a.c + g * a.group * a.ld;
        const T* t = a.t + g * a.ld;
        const Vec<T> dq(by_group(d, a.ldx, a.group, a.cols));
        for (Index r = 0; r < a.group; ++r)
            for_row<T>(a.cols, [=, &a](int, Index j, Index n) __attribute__((always_inline)) {
                const Vec<T> slope = slope_of(a, c + r * a.ld, t, j, n);
                store_part(dx + r * a.ldy + j, fma(dq, slope, load_part(d + r * a.ldx + j, n)), n);
            });
    }
}

template <class T>
void deviation_tangent(const DeviationArgs<T>& a) {
    for (Index g = 0; g < a.groups; ++g) {
        const T* x = a.x + g * a.group * a.ldx;
        T* y = a.y + g * a.group * a.ldy;
        const T* c = a.c + g * a.group * a.ld;
        const T* t = a.t + g * a.ld;
        const T sum = row_sum<T>(a.cols, [=, &a](Vec<T> s, Index j, Index n) __attribute__((always_inline)) {
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> v = load_part(x + r * a.ldx + j, n);
                store_part(y + r * a.ldy + j, v, n);
                s = fma(slope_of(a, c + r * a.ld, t, j, n), v, s);
            }
            return s;
        });
        put_column(a, y, sum);
    }
}

// dx = d + dq·kappa + eq·(tangent of kappa).
template <class T>
void deviation_backward_bent(const DeviationArgs<T>& a) {
    deviation_backward(a);
    const Vec<T> count(T(a.group)), all(T(a.group * a.cols));
    for (Index g = 0; g < a.groups; ++g) {
        T* dx = a.y + g * a.group * a.ldy;
        const T* c = a.c + g * a.group * a.ld;
        const T* moved = a.moved + g * a.group * a.ldm;
        const T* t = a.t + g * a.ld;
        const Vec<T> eq(by_group(a.e + g * a.group * a.lde, a.lde, a.group, a.cols));
        for_row<T>(a.cols, [=, &a](int, Index j, Index n) __attribute__((always_inline)) {
            const Vec<T> mean = group_mean(moved, a.ldm, a.group, j, n), deviation = load_part(t + j, n);
            Vec<T> sum(T(0));
            for (Index r = 0; r < a.group; ++r)
                sum = fma(load_part(c + r * a.ld + j, n), load_part(moved + r * a.ldm + j, n) - mean, sum);
            const Vec<T> rate = sum / count / deviation / deviation;  // the tangent of t, over t
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> bent =
                    fnma(load_part(c + r * a.ld + j, n), rate, load_part(moved + r * a.ldm + j, n) - mean) /
                    (all * deviation);
                store_part(dx + r * a.ldy + j, fma(eq, bent, load_part(dx + r * a.ldy + j, n)), n);
            }
        });
    }
}

DS_ISA_END
