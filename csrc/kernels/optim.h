// The update of a piece of the slab: a formula of formulas/update.h over arrays, in one pass; and the sum of
// squares that clipping by norm needs.
#pragma once
#include "formulas/update.h"
#include "kernels/optim_table.h"
#include "simd/lanes.h"

DS_ISA_BEGIN

// `probe`, and no number where something of an element is not finite: 0·x is NaN exactly then, and NaN stays in a sum.
template <class Rule, class T>
DS_INLINE Vec<T> probed(Vec<T> probe, Vec<T> w, Vec<T> m, Vec<T> v) {
    const Vec<T> zeros(T(0));
    probe = fma(w, zeros, probe);
    if constexpr (Rule::kFirst && Rule::kHides) probe = fma(m, zeros, probe);
    if constexpr (Rule::kSecond && Rule::kHides) probe = fma(v, zeros, probe);
    return probe;
}

// One register's worth of elements, the first n of it when kTail. False if one of them would not be finite:
// then such an element keeps what it had.
template <class T, class Rule, bool kPlain, bool kTail>
DS_INLINE bool update_register(const UpdateArgs<T>& a, Index i, Index n) {
    const auto get = [=](const T* p)
                         __attribute__((always_inline)) { return kTail ? loadn(p + i, n) : load(p + i); };
    const auto put = [=](T* p, Vec<T> x) __attribute__((always_inline)) {
        if constexpr (kTail)
            storen(p + i, x, n);
        else
            store(p + i, x);
    };
    const Vec<T> zeros(T(0));
    const Vec<T> w0 = get(a.w);
    const Vec<T> m0 = Rule::kFirst ? get(a.m) : zeros;
    const Vec<T> v0 = Rule::kSecond ? get(a.v) : zeros;
    Vec<T> g = get(a.g), m = m0, v = v0;
    if constexpr (!kPlain) g = prepared_gradient(g, w0, a);
    Vec<T> w = Rule::apply(w0, g, m, v, a);

    Mask<T> good = probed<Rule>(zeros, w, m, v) == zeros;
    if constexpr (kTail) good = good | ~first_lanes<T>(n);  // what lies beyond n is nobody's
    const bool finite = all(good);
    if (__builtin_expect(!finite, 0)) {
        w = select(good, w, w0);
        m = select(good, m, m0);
        v = select(good, v, v0);
    }
    put(a.w, w);
    if constexpr (Rule::kFirst) put(a.m, m);
    if constexpr (Rule::kSecond) put(a.v, v);
    return finite;
}

// Four registers with one look at their probes: false, and nothing stored, if an element would not be finite.
template <class T, class Rule, bool kPlain>
DS_INLINE bool update_group(const UpdateArgs<T>& a, Index i) {
    constexpr int kGroup = 4, W = Vec<T>::W;
    const Vec<T> zeros(T(0));
    Vec<T> w[kGroup], m[kGroup], v[kGroup], probe = zeros;
#pragma GCC unroll 4
    for (int r = 0; r < kGroup; ++r) {
        const Index at = i + r * W;
        const Vec<T> w0 = load(a.w + at);
        Vec<T> g = load(a.g + at);
        m[r] = Rule::kFirst ? load(a.m + at) : zeros;
        v[r] = Rule::kSecond ? load(a.v + at) : zeros;
        if constexpr (!kPlain) g = prepared_gradient(g, w0, a);
        w[r] = Rule::apply(w0, g, m[r], v[r], a);
        probe = probed<Rule>(probe, w[r], m[r], v[r]);
    }
    if (__builtin_expect(!all(probe == zeros), 0)) return false;
#pragma GCC unroll 4
    for (int r = 0; r < kGroup; ++r) {
        const Index at = i + r * W;
        store(a.w + at, w[r]);
        if constexpr (Rule::kFirst) store(a.m + at, m[r]);
        if constexpr (Rule::kSecond) store(a.v + at, v[r]);
    }
    return true;
}

template <class T, class Rule, bool kPlain>
bool update_array(const UpdateArgs<T>& args) {
    constexpr Index W = Vec<T>::W;
    const UpdateArgs<T> a = args;  // a copy that no store can alias: its scalars stay in registers
    bool finite = true;
    Index i = 0;
    for (; i + 4 * W <= a.n; i += 4 * W) {
        if (__builtin_expect(update_group<T, Rule, kPlain>(a, i), 1)) continue;
        for (int r = 0; r < 4; ++r) finite &= update_register<T, Rule, kPlain, false>(a, i + r * W, W);
    }
    for (; i + W <= a.n; i += W) finite &= update_register<T, Rule, kPlain, false>(a, i, W);
    if (i < a.n) finite &= update_register<T, Rule, kPlain, true>(a, i, a.n - i);
    return finite;
}

template <class T>
inline constexpr T kSmallest = sizeof(T) == 4 ? T(__FLT_DENORM_MIN__) : T(__DBL_DENORM_MIN__);

// Plain: the gradient goes into the rule as it is.
template <class T, class Rule>
DS_INLINE bool update_with(UpdateArgs<T> a) {
    if (a.rest1 == T(0)) a.rest1 = T(1) - a.beta1;
    if (a.rest2 == T(0)) a.rest2 = T(1) - a.beta2;
    if (a.eps == T(0)) a.eps = kSmallest<T>;  // 0/0 would be no number, and an eps below T's range is 0
    if (a.l1 == T(0) && a.l2 == T(0) && a.grad_scale == T(1) && a.clip_value == T(0))
        return update_array<T, Rule, true>(a);
    if (a.clip_value == T(0)) a.clip_value = T(__builtin_inff());
    return update_array<T, Rule, false>(a);
}

template <class T>
bool update_sgd(const UpdateArgs<T>& a) {
    if (a.momentum == T(0)) return update_with<T, SgdRule>(a);
    return a.nesterov ? update_with<T, NesterovRule>(a) : update_with<T, MomentumRule>(a);
}
// The rules that divide by a root, which is eps at least.
template <class T, template <class> class Rule>
bool update_dividing(const UpdateArgs<T>& a) {
    if constexpr (sizeof(T) == 4) {
        if (a.eps >= Newton::kLeast) return update_with<T, Rule<Newton>>(a);
    }
    return update_with<T, Rule<Divider>>(a);
}
template <class T>
bool update_adam(const UpdateArgs<T>& a) {
    return update_dividing<T, AdamRule>(a);
}
template <class T>
bool update_rmsprop(const UpdateArgs<T>& a) {
    return a.momentum == T(0) ? update_dividing<T, RmsPropRule>(a)
                              : update_dividing<T, RmsPropMomentumRule>(a);
}
template <class T>
bool update_adagrad(const UpdateArgs<T>& a) {
    return update_dividing<T, AdagradRule>(a);
}
template <class T>
bool update_lion(const UpdateArgs<T>& a) {
    return update_with<T, LionRule>(a);
}

template <class T>
DS_INLINE double square_block(const T* x, Index n) {
    constexpr int W = Vec<double>::W;
    Lanes16<double> acc;
    const auto add = [&acc](const T* p) __attribute__((always_inline)) {
        for (int k = 0; k < kLanes / W; ++k) {
            const Vec<double> d = load_double(p + k * W);
            acc.r[k] = fma(d, d, acc.r[k]);
        }
    };
    Index i = 0;
    for (; i + kLanes <= n; i += kLanes) add(x + i);
    if (i < n) {
        T rest[kLanes] = {};
        for (Index j = i; j < n; ++j) rest[j - i] = x[j];
        add(rest);
    }
    return acc.sum();
}

template <class T>
double sum_of_squares(const T* x, Index n) {
    double total = 0.0;
    for (Index i = 0; i < n; i += kSquareBlock)
        total += square_block(x + i, n - i < kSquareBlock ? n - i : kSquareBlock);
    return total;
}

template <class T>
constexpr OptimKernels<T> optim_kernels() {
    return {
        {update_sgd<T>, update_adam<T>, update_adam<T>, update_rmsprop<T>, update_adagrad<T>, update_lion<T>},
        sum_of_squares<T>};
}

DS_ISA_END
