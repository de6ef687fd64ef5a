// The element-by-element kernels: formulas run over arrays, tails by masked vectors of the same code, so an
// element's bits depend neither on its place nor on the length of the array. Memory may overlap only exactly
// (in place).
#pragma once
#include <cstdint>
#include <type_traits>

#include "formulas/activation.h"
#include "kernels/elementwise/elementwise_table.h"

DS_ISA_BEGIN

// Processors take a load for one that waits on a store if both end in the same twelve bits of address, which
// is so all along two arrays that the heap has laid one behind the other. So the walk goes down where y lies
// a little beyond x in these bits, and loads keep ahead of stores.
template <class T>
DS_INLINE Index walk_step(const T* y, const T* x) {
    constexpr std::uintptr_t kPage = 4096;
    const std::uintptr_t beyond =
        (reinterpret_cast<std::uintptr_t>(y) - reinterpret_cast<std::uintptr_t>(x)) % kPage;
    return beyond != 0 && beyond < kPage / 2 ? -Vec<T>::W : Vec<T>::W;
}

// Rows of a matrix, `ld` elements apart.
template <class T>
struct Rows {
    T* p = nullptr;
    Index ld = 0;
};
template <class T>
DS_INLINE Rows<T> rows_of(const Matrix<T>& m) {
    return {m.p, m.ld};
}

// Few columns of some rows: four rows a register, where that is worth it.
template <class T, class F>
DS_INLINE void map_few(Rows<T> y, Rows<const T> x, Index rows, Index n, F f) {
    if constexpr (kQuarters) {
        for (; n <= Vec<T>::W / 4 && rows >= 4; rows -= 4, y.p += 4 * y.ld, x.p += 4 * x.ld)
            store_rows(y.p, y.ld, f(load_rows(x.p, x.ld, n)), n);
    }
    for (; rows > 0; --rows, y.p += y.ld, x.p += x.ld) storen(y.p, f(loadn(x.p, n)), n);
}
// Over rows of n elements, in one loop, so that what f needs is in registers once for all of them. With kAsks
// it asks for y's lines ahead: hardware follows loads only, and a light f waits for the lines it stores to.
template <bool kAsks = false, class T, class F>
DS_INLINE void map(Rows<T> y, Rows<const T> x, Index rows, Index n, F f) {
    constexpr Index W = Vec<T>::W, kAhead = 8;
    if (y.ld == n && x.ld == n) n *= rows, rows = rows < 1 ? rows : 1;
    const Index end = n / W * W, step = walk_step(y.p, x.p), first = step > 0 ? 0 : end - W;
    if (end < n) map_few(Rows<T>{y.p + end, y.ld}, Rows<const T>{x.p + end, x.ld}, rows, n - end, f);
    Index i = first;
    for (Index left = rows * (end / W); left > 0; --left) {
        if constexpr (kAsks) prefetch_for_store(y.p + i + kAhead * step);
        store(y.p + i, f(load(x.p + i)));
        i += step;
        if (i == (step > 0 ? end : -W)) i = first, y.p += y.ld, x.p += x.ld;
    }
}
// Of two arguments; f_of(row) is the function for a row.
template <class T, class F>
DS_INLINE void map_rows(Rows<T> y, Rows<const T> a, Rows<const T> b, Index rows, Index n, const F& f_of) {
    constexpr Index W = Vec<T>::W;
    if (y.ld == n && a.ld == n && b.ld == n) n *= rows, rows = rows < 1 ? rows : 1;
    const Index end = n / W * W, step = walk_step(y.p, y.p == a.p ? b.p : a.p),
                first = step > 0 ? 0 : end - W;
    for (Index r = 0; r < rows; ++r, y.p += y.ld, a.p += a.ld, b.p += b.ld) {
        const auto f = f_of(r);
        if (end < n) storen(y.p + end, f(loadn(a.p + end, n - end), loadn(b.p + end, n - end)), n - end);
        Index i = first;
        for (Index left = end; left > 0; left -= W, i += step)
            store(y.p + i, f(load(a.p + i), load(b.p + i)));
    }
}
template <class T, class F>
DS_INLINE void map(T* y, const T* x, Index n, F f) {
    map(Rows<T>{y, n}, Rows<const T>{x, n}, 1, n, f);
}
template <class T, class F>
DS_INLINE void map(T* y, const T* a, const T* b, Index n, F f) {
    map_rows(Rows<T>{y, n}, Rows<const T>{a, n}, Rows<const T>{b, n}, 1, n, [f](Index) { return f; });
}

// Takes less time than the memory it reads and writes.
template <class A>
inline constexpr bool kLight = std::is_same_v<A, Relu> || std::is_same_v<A, LeakyRelu>;

template <class T, class A>
DS_KERNEL void activation_forward(const Matrix<T>& y, const Matrix<const T>& z, T alpha) {
    const Vec<T> a(alpha);
    map<kLight<A>>(rows_of(y), rows_of(z), y.rows, y.cols,
                   [a](Vec<T> v) DS_LAMBDA { return A::forward(v, a); });
}
// Sums of products begin with 0, so that the sum of a single one is never -0; adding -0 changes nothing.
template <class T, class A>
DS_KERNEL void activation_backward(const Matrix<T>& dz, const Matrix<const T>& dy,
                                   const Matrix<const T>& saved, T alpha, const Matrix<const T>& times) {
    const Vec<T> a(alpha), start(times ? T(0) : T(-0.0));
    const Rows<const T> factors = rows_of(times);
    map_rows(rows_of(dz), rows_of(dy), rows_of(saved), dz.rows, dz.cols, [&](Index row) DS_LAMBDA {
        const Vec<T> factor(factors.p != nullptr ? factors.p[row * factors.ld] : T(1));
        return [&a, &start, factor](Vec<T> d, Vec<T> s)
                   DS_LAMBDA { return A::backward(fma(d, factor, start), s, a); };
    });
}
template <class T, class A>
DS_KERNEL void activation_double_backward(T* d, const T* z_dot, const T* saved, Index n, T alpha) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> a(alpha);
    for (Index i = 0; i < n; i += W) {
        const Index now = n - i < W ? n - i : W;
        const Vec<T> second = A::second_derivative(loadn(saved + i, now), a);
        storen(d + i, loadn(d + i, now) * (loadn(z_dot + i, now) * second), now);
    }
}

template <class T>
DS_KERNEL void add_array(T* y, const T* x, Index n) {
    map(y, y, x, n, [](Vec<T> a, Vec<T> b) DS_LAMBDA { return a + b; });
}
template <class T>
DS_KERNEL void mul_array(T* y, const T* x, Index n) {
    map(y, y, x, n, [](Vec<T> a, Vec<T> b) DS_LAMBDA { return a * b; });
}
template <class T>
DS_KERNEL void scale_array(T* y, Index n, T factor) {
    const Vec<T> f(factor);
    map(y, y, n, [f](Vec<T> a) DS_LAMBDA { return a * f; });
}

// 0 * x is NaN exactly if x is not finite, and NaN stays in a sum.
template <class T>
DS_KERNEL bool all_finite(const T* x, Index n) {
    constexpr Index W = Vec<T>::W;
    const Vec<T> zeros(T(0));
    Vec<T> s0 = zeros, s1 = zeros, s2 = zeros, s3 = zeros;
    Index i = 0;
    for (; i + 4 * W <= n; i += 4 * W) {
        s0 = fma(load(x + i), zeros, s0);
        s1 = fma(load(x + i + W), zeros, s1);
        s2 = fma(load(x + i + 2 * W), zeros, s2);
        s3 = fma(load(x + i + 3 * W), zeros, s3);
    }
    for (; i < n; i += W) s0 = fma(loadn(x + i, n - i < W ? n - i : W), zeros, s0);
    return all((s0 + s1) + (s2 + s3) == zeros);
}

#define DS_ELEMENTARY_KERNEL(f)                                \
    template <class T>                                         \
    DS_KERNEL void f##_array(T* y, const T* x, Index n) {      \
        map(y, x, n, [](Vec<T> v) DS_LAMBDA { return f(v); }); \
    }
DS_ELEMENTARY_KERNEL(exp)
DS_ELEMENTARY_KERNEL(expm1)
DS_ELEMENTARY_KERNEL(log)
DS_ELEMENTARY_KERNEL(log1p)
DS_ELEMENTARY_KERNEL(tanh)
DS_ELEMENTARY_KERNEL(sigmoid)
DS_ELEMENTARY_KERNEL(softplus)
DS_ELEMENTARY_KERNEL(erf)
#undef DS_ELEMENTARY_KERNEL

template <class T, class A>
constexpr void set_activation(PointwiseKernels<T>& k, Activation a) {
    k.forward[int(a)] = activation_forward<T, A>;
    k.backward[int(a)] = activation_backward<T, A>;
    if constexpr (requires(Vec<T> v) { A::second_derivative(v, v); })
        k.double_backward[int(a)] = activation_double_backward<T, A>;
}

template <class T>
struct ActivationTable {
    template <class... A>
    struct Of {
        static constexpr void write_to(PointwiseKernels<T>& k) {
            int i = 0;
            (set_activation<T, A>(k, Activation(i++)), ...);
        }
    };
};

template <class T>
constexpr PointwiseKernels<T> pointwise_kernels() {
    PointwiseKernels<T> k{};
    ForEachActivation<ActivationTable<T>::template Of>::write_to(k);
    k.elementary[int(Function::kExp)] = exp_array<T>;
    k.elementary[int(Function::kExpm1)] = expm1_array<T>;
    k.elementary[int(Function::kLog)] = log_array<T>;
    k.elementary[int(Function::kLog1p)] = log1p_array<T>;
    k.elementary[int(Function::kTanh)] = tanh_array<T>;
    k.elementary[int(Function::kSigmoid)] = sigmoid_array<T>;
    k.elementary[int(Function::kSoftplus)] = softplus_array<T>;
    k.elementary[int(Function::kErf)] = erf_array<T>;
    k.add = add_array<T>;
    k.scale = scale_array<T>;
    k.mul = mul_array<T>;
    k.finite = all_finite<T>;
    return k;
}

DS_ISA_END
