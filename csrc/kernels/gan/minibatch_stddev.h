// Minibatch standard deviation (Karras et al. 2018, https://arxiv.org/abs/1710.10196): forward, backward,
// tangent, and the backward pass of forward and tangent together. Sums over a group's rows ascend; sums over
// features use 16 lanes.
#pragma once
#include "kernels/gan/gan_table.h"
#include "kernels/norm/norm.h"

DS_ISA_BEGIN

// Means over a group's rows of n columns from j on.
template <class T>
DS_INLINE Vec<T> group_mean(const T* x, Index ld, Index group, Index j, Index n) {
    Vec<T> sum = load_part(x + j, n);
    for (Index r = 1; r < group; ++r) sum = sum + load_part(x + r * ld + j, n);
    return sum / Vec<T>(T(group));
}

template <class T>
DS_INLINE Vec<T> kappa(const MinibatchStddevArgs<T>& a, const T* c, const T* t, Index j, Index n) {
    // In lanes beyond the row's end the quotient is 0/0; those lanes are discarded.
    return load_part(c + j, n) / (Vec<T>(T(a.group * a.t.cols)) * load_part(t + j, n));
}

// The sum over a group's rows of their last column.
template <class T>
DS_INLINE T sum_of_last_column(const T* d, Index ld, Index group, Index column) {
    T sum = d[column];
    for (Index r = 1; r < group; ++r) sum = sum + d[r * ld + column];
    return sum;
}

template <class T>
DS_INLINE void store_last_column(const MinibatchStddevArgs<T>& a, T* y, T value) {
    for (Index r = 0; r < a.group; ++r) store_lane0(y + r * a.y.ld + a.t.cols, value);
}

template <class T>
DS_KERNEL void minibatch_stddev_forward(const MinibatchStddevArgs<T>& a) {
    for (Index g = 0; g < a.t.rows; ++g) {
        const T* x = a.x.row(g * a.group);
        T* y = a.y.row(g * a.group);
        T* c = a.c.row(g * a.group);
        T* t = a.t.row(g);
        const T sum = row_sum<T>(a.t.cols, [=, &a](Vec<T> s, Index j, Index n) DS_LAMBDA {
            const Vec<T> mean = group_mean(x, a.x.ld, a.group, j, n);
            Vec<T> squares(T(0));
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> v = load_part(x + r * a.x.ld + j, n), centred = v - mean;
                store_part(y + r * a.y.ld + j, v, n);
                store_part(c + r * a.c.ld + j, centred, n);
                squares = fma(centred, centred, squares);
            }
            const Vec<T> stddev = sqrt(squares / Vec<T>(T(a.group)) + Vec<T>(T(1e-8)));
            store_part(t + j, stddev, n);
            return s + stddev;
        });
        store_last_column(a, y, sum / T(a.t.cols));
    }
}

template <class T>
DS_KERNEL void minibatch_stddev_backward(const MinibatchStddevArgs<T>& a) {
    for (Index g = 0; g < a.t.rows; ++g) {
        const T* d = a.x.row(g * a.group);
        T* dx = a.y.row(g * a.group);
        const T* c = a.c.row(g * a.group);
        const T* t = a.t.row(g);
        const Vec<T> dq(sum_of_last_column(d, a.x.ld, a.group, a.t.cols));
        for (Index r = 0; r < a.group; ++r)
            for_row<T>(a.t.cols, [=, &a](int, Index j, Index n) DS_LAMBDA {
                const Vec<T> slope = kappa(a, c + r * a.c.ld, t, j, n);
                store_part(dx + r * a.y.ld + j, fma(dq, slope, load_part(d + r * a.x.ld + j, n)), n);
            });
    }
}

template <class T>
DS_KERNEL void minibatch_stddev_tangent(const MinibatchStddevArgs<T>& a) {
    for (Index g = 0; g < a.t.rows; ++g) {
        const T* x = a.x.row(g * a.group);
        T* y = a.y.row(g * a.group);
        const T* c = a.c.row(g * a.group);
        const T* t = a.t.row(g);
        const T sum = row_sum<T>(a.t.cols, [=, &a](Vec<T> s, Index j, Index n) DS_LAMBDA {
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> v = load_part(x + r * a.x.ld + j, n);
                store_part(y + r * a.y.ld + j, v, n);
                s = fma(kappa(a, c + r * a.c.ld, t, j, n), v, s);
            }
            return s;
        });
        store_last_column(a, y, sum);
    }
}

// dx = d + dq·kappa + dq_dot·(tangent of kappa).
template <class T>
DS_KERNEL void minibatch_stddev_double_backward(const MinibatchStddevArgs<T>& a) {
    minibatch_stddev_backward(a);
    const Vec<T> count(T(a.group)), all(T(a.group * a.t.cols));
    for (Index g = 0; g < a.t.rows; ++g) {
        T* dx = a.y.row(g * a.group);
        const T* c = a.c.row(g * a.group);
        const T* x_dot = a.x_dot.row(g * a.group);
        const T* t = a.t.row(g);
        const Vec<T> dq_dot(sum_of_last_column(a.dy_dot.row(g * a.group), a.dy_dot.ld, a.group, a.t.cols));
        for_row<T>(a.t.cols, [=, &a](int, Index j, Index n) DS_LAMBDA {
            const Vec<T> mean = group_mean(x_dot, a.x_dot.ld, a.group, j, n), stddev = load_part(t + j, n);
            Vec<T> sum(T(0));
            for (Index r = 0; r < a.group; ++r)
                sum = fma(load_part(c + r * a.c.ld + j, n), load_part(x_dot + r * a.x_dot.ld + j, n) - mean,
                          sum);
            const Vec<T> t_dot = sum / count / stddev / stddev;  // relative: the tangent of t over t
            for (Index r = 0; r < a.group; ++r) {
                const Vec<T> kappa_dot = fnma(load_part(c + r * a.c.ld + j, n), t_dot,
                                              load_part(x_dot + r * a.x_dot.ld + j, n) - mean) /
                                         (all * stddev);
                store_part(dx + r * a.y.ld + j, fma(dq_dot, kappa_dot, load_part(dx + r * a.y.ld + j, n)), n);
            }
        });
    }
}

DS_ISA_END
