// The optimizer kernels: a formula of formulas/optimizer_rules.h over arrays in one pass, and the sum of squares that
// clipping by norm needs.
#pragma once
#include "formulas/optimizer_rules.h"
#include "kernels/optimizer/optimizer_table.h"
#include "simd/lanes.h"

DS_ISA_BEGIN

// Adds 0 to `probe` for finite elements, and NaN for the others: 0·x is NaN exactly if x is not finite.
template <class Formula, class T>
DS_INLINE Vec<T> finite_probe(Vec<T> probe, Vec<T> w, Vec<T> m, Vec<T> v) {
    const Vec<T> zeros(T(0));
    probe = fma(w, zeros, probe);
    if constexpr (Formula::kFirstMoment && Formula::kMomentMayOverflow) probe = fma(m, zeros, probe);
    if constexpr (Formula::kSecondMoment && Formula::kMomentMayOverflow) probe = fma(v, zeros, probe);
    return probe;
}

// One register of elements, or its first n if kTail. Elements whose results are not finite keep their old values;
// then it returns false. kPlain: the gradient needs no preparation.
template <class T, class Formula, bool kPlain, bool kTail>
DS_INLINE bool update_register(const UpdateArgs<T>& a, Index i, Index n) {
    const auto get = [=](const T* p) DS_LAMBDA { return kTail ? loadn(p + i, n) : load(p + i); };
    const auto put = [=](T* p, Vec<T> x) DS_LAMBDA {
        if constexpr (kTail)
            storen(p + i, x, n);
        else
            store(p + i, x);
    };
    const Vec<T> zeros(T(0));
    const Vec<T> w0 = get(a.w);
    const Vec<T> m0 = Formula::kFirstMoment ? get(a.m) : zeros;
    const Vec<T> v0 = Formula::kSecondMoment ? get(a.v) : zeros;
    Vec<T> g = get(a.g), m = m0, v = v0;
    if constexpr (!kPlain) g = prepared_gradient(g, w0, a);
    Vec<T> w = Formula::apply(w0, g, m, v, a);

    Mask<T> good = finite_probe<Formula>(zeros, w, m, v) == zeros;
    if constexpr (kTail) good = good | ~first_lanes<T>(n);  // lanes beyond n do not count
    const bool finite = all(good);
    if (__builtin_expect(!finite, 0)) {
        w = select(good, w, w0);
        m = select(good, m, m0);
        v = select(good, v, v0);
    }
    put(a.w, w);
    if constexpr (Formula::kFirstMoment) put(a.m, m);
    if constexpr (Formula::kSecondMoment) put(a.v, v);
    return finite;
}

// Four registers with one test of their probes. If a result is not finite, nothing is stored and it returns false.
template <class T, class Formula, bool kPlain>
DS_INLINE bool update_group(const UpdateArgs<T>& a, Index i) {
    constexpr int kGroup = 4, W = Vec<T>::W;
    const Vec<T> zeros(T(0));
    Vec<T> w[kGroup], m[kGroup], v[kGroup], probe = zeros;
#pragma GCC unroll 4
    for (int r = 0; r < kGroup; ++r) {
        const Index at = i + r * W;
        const Vec<T> w0 = load(a.w + at);
        Vec<T> g = load(a.g + at);
        m[r] = Formula::kFirstMoment ? load(a.m + at) : zeros;
        v[r] = Formula::kSecondMoment ? load(a.v + at) : zeros;
        if constexpr (!kPlain) g = prepared_gradient(g, w0, a);
        w[r] = Formula::apply(w0, g, m[r], v[r], a);
        probe = finite_probe<Formula>(probe, w[r], m[r], v[r]);
    }
    if (__builtin_expect(!all(probe == zeros), 0)) return false;
#pragma GCC unroll 4
    for (int r = 0; r < kGroup; ++r) {
        const Index at = i + r * W;
        store(a.w + at, w[r]);
        if constexpr (Formula::kFirstMoment) store(a.m + at, m[r]);
        if constexpr (Formula::kSecondMoment) store(a.v + at, v[r]);
    }
    return true;
}

template <class T, class Formula, bool kPlain>
DS_KERNEL bool update_array(const UpdateArgs<T>& args) {
    constexpr Index W = Vec<T>::W;
    const UpdateArgs<T> a = args;  // a copy that no store can alias: its scalars stay in registers
    bool finite = true;
    Index i = 0;
    for (; i + 4 * W <= a.n; i += 4 * W) {
        if (__builtin_expect(update_group<T, Formula, kPlain>(a, i), 1)) continue;
        for (int r = 0; r < 4; ++r) finite &= update_register<T, Formula, kPlain, false>(a, i + r * W, W);
    }
    for (; i + W <= a.n; i += W) finite &= update_register<T, Formula, kPlain, false>(a, i, W);
    if (i < a.n) finite &= update_register<T, Formula, kPlain, true>(a, i, a.n - i);
    return finite;
}

template <class T>
inline constexpr T kSmallestPositive = sizeof(T) == 4 ? T(__FLT_DENORM_MIN__) : T(__DBL_DENORM_MIN__);

template <class T, class Formula>
DS_INLINE bool update_with(UpdateArgs<T> a) {
    if (a.scalars != nullptr) {
        a.learning_rate = a.scalars->learning_rate;
        a.decay = a.decays ? a.scalars->decay : T(1);
        a.step_size = a.scalars->step_size;
        a.inv_sqrt_bc2 = a.scalars->inv_sqrt_bc2;
        a.grad_step = a.scalars->grad_step;
    }
    if (a.clip_scale != nullptr) a.grad_scale = *a.clip_scale;
    if (a.one_minus_beta1 == T(0)) a.one_minus_beta1 = T(1) - a.beta1;
    if (a.one_minus_beta2 == T(0)) a.one_minus_beta2 = T(1) - a.beta2;
    if (a.eps == T(0)) a.eps = kSmallestPositive<T>;  // an eps below T's range is 0, and 0/0 would be NaN
    if (a.l1 == T(0) && a.l2 == T(0) && a.grad_scale == T(1) && a.clip_value == T(0))
        return update_array<T, Formula, true>(a);
    if (a.clip_value == T(0)) a.clip_value = T(__builtin_inff());
    return update_array<T, Formula, false>(a);
}

template <class T, class Rule>
DS_KERNEL bool update(const UpdateArgs<T>& a) {
    if (a.status != nullptr && a.status->diverged != 0) return true;
    return Rule::dispatch(a, [&a](auto formula) DS_LAMBDA { return update_with<T, decltype(formula)>(a); });
}

template <class T>
DS_INLINE double square_block(const T* x, Index n) {
    constexpr int W = Vec<double>::W;
    Lanes16<double> acc;
    const auto add = [&acc](const T* p) DS_LAMBDA {
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
DS_KERNEL double sum_of_squares(const T* x, Index n) {
    double total = 0.0;
    for (Index i = 0; i < n; i += kSquareBlock)
        total += square_block(x + i, n - i < kSquareBlock ? n - i : kSquareBlock);
    return total;
}

template <class T>
struct UpdateTable {
    template <class... Rule>
    struct Of {
        static constexpr bool (*kUpdate[])(const UpdateArgs<T>&) = {update<T, Rule>...};
    };
};

template <class T>
constexpr OptimizerKernels<T> optimizer_kernels() {
    return {ForEachOptimizer<UpdateTable<T>::template Of>::kUpdate, sum_of_squares<T>};
}

DS_ISA_END
