// exp, expm1, log, log1p, tanh, sigmoid, softplus, erf on a value type V: a vector register or a plain
// number. One text for every width, without branches or libm: the same operations in the same order, so the
// same bits on every instruction set with fused multiply-add. NaN goes through; subnormals are kept; tanh,
// erf, expm1 and log1p keep the sign of their argument. Not correctly rounded.
//
// Largest error in units of the last place (tests/cpp/ulp_sweep.cpp): float over all 2^32 arguments, double
// over 2 * 10^7; baseline is the build without fused multiply-add, over every 11th float and 2 * 10^6
// doubles.
//               exp   expm1  log   log1p  tanh  sigmoid  softplus  erf
//   float       1.05  1.60   0.88  1.45   1.86  1.67     1.71      1.22
//   double      1.01  1.96   0.81  1.44   2.09  1.58     1.64      1.43
//   baseline f  1.02  1.71   0.90  1.50   2.05  1.87     1.73      1.22
//   baseline d  0.97  1.94   0.82  1.33   2.06  1.69     1.62      1.38
//
// Range reductions are Cody and Waite's (x = n ln 2 + r; x = 2^k (1 + f)).
#pragma once
#include "formulas/elementary_constants.h"
#include "simd/vec.h"

DS_ISA_BEGIN

// c[0] + c[1] x + c[2] x^2 + ..., in pairs and pairs of pairs (Estrin): short chains, since recurrent cells
// have few elements in flight. The coefficients are a template argument, because a device has no array of the host's.
template <const auto& kC, int First, int Count, class V>
DS_INLINE V polynomial_part(const V* powers) {
    if constexpr (Count == 1) {
        constexpr auto kOnly = kC[First];
        return V(kOnly);
    } else if constexpr (Count == 2) {
        constexpr auto kLow = kC[First], kHigh = kC[First + 1];
        return fma(powers[0], V(kHigh), V(kLow));
    } else if constexpr (Count <= 6) {  // Horner in x^2
        return fma(powers[1], polynomial_part<kC, First + 2, Count - 2>(powers),
                   polynomial_part<kC, First, 2>(powers));
    } else {
        constexpr int kLog = Count > 16 ? 4 : Count > 8 ? 3 : 2;
        constexpr int kHalf = 1 << kLog;
        return fma(powers[kLog], polynomial_part<kC, First + kHalf, Count - kHalf>(powers),
                   polynomial_part<kC, First, kHalf>(powers));
    }
}
template <const auto& kC, class V>
DS_INLINE V polynomial(V x) {
    V powers[5];
    powers[0] = x;
    for (int i = 1; i < 5; ++i) powers[i] = powers[i - 1] * powers[i - 1];  // those not used cost nothing
    return polynomial_part<kC, 0, int(sizeof kC / sizeof kC[0])>(powers);
}

template <class V>
using ElementaryOf = Elementary<ScalarOf<V>>;

// e^r - 1 for |r| <= ln(2) / 2.
template <class V>
DS_INLINE V expm1_reduced(V r) {
    return fma(r * r, polynomial<ElementaryOf<V>::kExpm1>(r), r);
}

// x = n ln(2) + r. shifted is n plus a constant with `low` in its low bits, so that shifting its bits left by
// the width of the mantissa makes 2^(n + low - bias) without another addition.
template <class V>
struct ExpReduced {
    V shifted, n, r;
};
template <int kLow, class V>
DS_INLINE ExpReduced<V> exp_reduce(V x) {
    using K = ElementaryOf<V>;
    constexpr auto kShift = K::kMagic + ScalarOf<V>(kLow);
    ExpReduced<V> e;
    e.shifted = fma(x, V(K::kLog2e), V(kShift));
    e.n = e.shifted - V(kShift);
    e.r = fnma(e.n, V(K::kLn2Low), fnma(e.n, V(K::kLn2High), x));
    return e;
}
template <class V>
DS_INLINE V power_of_two(V shifted) {
    return from_bits(bits(shifted) << kMantissaBits<ScalarOf<V>>);
}

// a * 2^n with one rounding over the whole range: two factors, half of n each.
template <class V>
DS_INLINE V scale_by(V a, const ExpReduced<V>& e) {
    const IntOf<V> both = bits(e.shifted);
    const IntOf<V> half = shift_right_logical(both, 1);
    constexpr int kMantissa = kMantissaBits<ScalarOf<V>>;
    return (a * from_bits(half << kMantissa)) * from_bits(wrapping_sub(both, half) << kMantissa);
}
#if defined(DS_ISA_AVX512)
template <class T>
DS_INLINE Vec<T> scale_by(Vec<T> a, const ExpReduced<Vec<T>>& e) {
    return Vec<T>::of(Native<T>::scale(a.r, e.n.r));  // the same value in one instruction
}
#endif

// e^x for x within [kExpMin, kExpMax] or NaN.
template <class V>
DS_INLINE V exp_in_range(V x) {
    const ExpReduced<V> e = exp_reduce<2 * kExponentBias<ScalarOf<V>>>(x);
    return scale_by(expm1_reduced(e.r) + V(1), e);
}

template <class V>
DS_INLINE V exp(V x) {
    using K = ElementaryOf<V>;
    return exp_in_range(max(V(K::kExpMin), min(V(K::kExpMax), x)));
}

// e^-|x|, in [0, 1].
template <class V>
DS_INLINE V exp_minus_abs(V x) {
    using K = ElementaryOf<V>;
    return exp_in_range(max(V(K::kExpMin), minus_abs(x)));
}

// Half of e^x - 1 first, since 2^n itself may overflow where the result does not.
template <class V>
DS_INLINE V expm1(V x) {
    using K = ElementaryOf<V>;
    const V clamped = max(V(K::kExpm1Min), min(V(K::kExpMax), x));
    const ExpReduced<V> e = exp_reduce<kExponentBias<ScalarOf<V>> - 1>(clamped);
    const V half_scale = power_of_two(e.shifted);
    const V half = fma(half_scale, expm1_reduced(e.r), half_scale - V(ScalarOf<V>(0.5)));
    return copysign(half + half, x);
}

// E / (1 + E) with E = (e^2t - 1) / 2 and t = |x|, as E - E (E / (1 + E)) up to 1 and 1 - 1 / (1 + E) from
// there: so the roundings of the sum and the quotient count little where they would be largest.
template <class V>
DS_INLINE V tanh(V x) {
    using T = ScalarOf<V>;
    using K = ElementaryOf<V>;
    constexpr T kShift = K::kMagic + T(kExponentBias<T>);
    const V t = min(V(K::kTanhMax), abs(x));
    const V shifted = fma(t, V(2 * K::kLog2e), V(kShift));
    const V n = shifted - V(kShift);
    V r = fnma(n, V(K::kTanhLn2High / 2), t);
    if constexpr (K::kTanhLn2Low != 0) r = fnma(n, V(K::kTanhLn2Low / 2), r);
    const V h = fma(r * r, polynomial<K::kExpm1Half>(r), r);
    const V s = power_of_two(shifted);
    const V e = fma(s, h, fma(s, V(T(0.5)), V(T(-0.5))));
    const V m = min(e, V(T(1)));
    return with_sign_of(x, fnma(m, m / (e + V(T(1))), m));
}

// m / (1 + e) with e = e^-|x|, m = e or 1; as m - m (e / (1 + e)), which rounds less than the plain quotient.
template <class V>
DS_INLINE V sigmoid(V x) {
    const V one = V(ScalarOf<V>(1));
    const V e = exp_minus_abs(x);
    const V m = select(x < V(ScalarOf<V>(0)), e, one);
    return fnma(m, e / (one + e), m);
}

// k ln(2) + log(1 + f) for sqrt(1/2) <= 1 + f <= sqrt(2).
template <class V>
DS_INLINE V log_reduced(V f, V k) {
    using T = ScalarOf<V>;
    using K = ElementaryOf<V>;
    const V inner = fma(f, polynomial<K::kLog>(f), V(T(-0.5)));
    const V y = fma(f * f, inner, k * V(K::kLn2Low)) + f;
    return fma(k, V(K::kLn2High), y);
}

// x = 2^k m with m in [sqrt(1/2), sqrt(2)), for x positive, finite and not subnormal.
template <class V>
struct LogReduced {
    V m, k;
    IntOf<V> biased_k;
};
template <class V>
DS_INLINE LogReduced<V> log_reduce(V x) {
    using T = ScalarOf<V>;
    using Int = IntOf<V>;
    using K = ElementaryOf<V>;
    constexpr auto kOne = __builtin_bit_cast(IntOf<T>, T(1));
    constexpr auto kMantissa = (IntOf<T>(1) << kMantissaBits<T>)-1;
    const Int i = wrapping_add(bits(x), Int(kOne - K::kMantissaStart));  // NaN and negative x may wrap
    LogReduced<V> l;
    l.m = from_bits((i & Int(kMantissa)) + Int(K::kMantissaStart));
    l.biased_k = shift_right_logical(i, kMantissaBits<T>);
    l.k = V(to_float(l.biased_k)) - V(T(kExponentBias<T>));
    return l;
}

// The ends of log: y where x is positive and finite.
template <class V>
DS_INLINE V log_ends(V y, V x) {
    using T = ScalarOf<V>;
    const V inf = V(T(__builtin_inff()));
    const V outside = select(x == V(T(0)), -inf, V(T(__builtin_nanf(""))));
    return select(x > V(T(0)), select(x < inf, y, inf), outside);
}

// For x positive, finite and not subnormal.
template <class V>
DS_INLINE V log_in_range(V x) {
    const LogReduced<V> l = log_reduce(x);
    return log_reduced(l.m - V(ScalarOf<V>(1)), l.k);
}

template <class V>
DS_INLINE V log(V x) {
    using T = ScalarOf<V>;
    using K = ElementaryOf<V>;
    const auto subnormal = x < V(K::kSmallest);
    const LogReduced<V> l = log_reduce(select(subnormal, x * V(K::kRescale), x));
    const V k = l.k - select(subnormal, V(K::kRescaleLog), V(T(0)));
    return log_ends(log_reduced(l.m - V(T(1)), k), x);
}

// As log(1 + x), but f from x itself, with one rounding: f = 2^-k x + (2^-k - 1).
template <class V>
DS_INLINE V log1p(V x) {
    using T = ScalarOf<V>;
    using Int = IntOf<V>;
    using K = ElementaryOf<V>;
    const V one = V(T(1));
    const V u = x + one;
    const LogReduced<V> l = log_reduce(u);
    const V s = from_bits((Int(2 * kExponentBias<T>) - l.biased_k) << kMantissaBits<T>);
    const V f = select(x < V(K::kLog1pExact), fma(x, s, s - one), l.m - one);
    return log_ends(copysign(log_reduced(f, l.k), x), u);
}

// log(1 + e) for e in [0, 1].
template <class V>
DS_INLINE V log1p_unit(V e) {
    using T = ScalarOf<V>;
    const auto upper = e > V(T(0.41421356237309503));
    const V f = select(upper, fma(e, V(T(0.5)), V(T(-0.5))), e);
    return log_reduced(f, select(upper, V(T(1)), V(T(0))));
}

template <class V>
DS_INLINE V softplus(V x) {
    return max(V(ScalarOf<V>(0)), x) + log1p_unit(exp_minus_abs(x));
}

// x + x P(x^2) near zero, sign(x) (1 - e^Q(|x|)) beyond.
template <class V>
DS_INLINE V erf(V x) {
    using T = ScalarOf<V>;
    using K = ElementaryOf<V>;
    constexpr T kShift = K::kMagic + T(kExponentBias<T>);
    const V t = min(V(K::kErfMax), abs(x));
    const V small = fma(x, polynomial<K::kErfSmall>(x * x), x);
    const V q = polynomial<K::kErfLarge>(t - V(K::kErfShift));
    const V shifted = fma(q, V(K::kLog2e), V(kShift));
    const V r = fnma(shifted - V(kShift), V(K::kLn2), q);
    const V s = power_of_two(shifted);
    const V large = fnma(s, expm1_reduced(r), V(T(1)) - s);
    return select(t < V(K::kErfCut), small, with_sign_of(x, large));
}

DS_ISA_END
