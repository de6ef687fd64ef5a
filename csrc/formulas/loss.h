// The losses on a value type V: what one output adds to its row's loss, and the derivative there. Cross
// entropies, focal and Poisson losses start from the pre-activation z, so nothing is ever the logarithm of a
// rounded probability; the others from the output y. Not here: means over a row, weights, softmax
// (kernels/loss.h).
#pragma once
#include "formulas/elementary.h"

DS_ISA_BEGIN

template <class V>
struct LossAt {
    V loss, d;
};

// The parameters of LossArgs as values, and what follows from them.
template <class V>
struct LossOptions {
    V delta, quantile, gamma, alpha;
};

template <class V>
DS_INLINE V signed_unit(V e, V above, V below) {  // above if e > 0, below if e < 0, 0 at 0
    const V zero(ScalarOf<V>(0));
    return select(e > zero, above, select(e < zero, below, zero));
}

struct SquaredError {
    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>&) {
        const V e = y - t;
        return {V(ScalarOf<V>(0.5)) * e * e, e};
    }
};

struct AbsoluteError {
    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>&) {
        const V one(ScalarOf<V>(1)), e = y - t;
        return {abs(e), signed_unit(e, one, -one)};
    }
};

struct Huber {
    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>& o) {
        const V half(ScalarOf<V>(0.5)), e = y - t, size = abs(e);
        const V inside = half * e * e, outside = o.delta * fnma(half, o.delta, size);
        return {select(size <= o.delta, inside, outside), max(-o.delta, min(o.delta, e))};
    }
};

// Koenker and Bassett's check function: an error above costs 1 - quantile, one below costs quantile.
struct Quantile {
    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>& o) {
        const V above = V(ScalarOf<V>(1)) - o.quantile, e = y - t;
        return {max(above * e, -o.quantile * e), signed_unit(e, above, -o.quantile)};
    }
};

struct Poisson {
    template <class V>
    static DS_INLINE LossAt<V> at(V z, V t, const LossOptions<V>&) {
        const V rate = exp(z);
        return {fnma(t, z, rate), rate - t};
    }
};

// sigmoid(|z|), sigmoid(-|z|) and log(1 + e^-|z|) from one exponential.
template <class V>
struct LogisticAt {
    V upper, lower, log1p_e;
};
template <class V>
DS_INLINE LogisticAt<V> logistic_at(V z) {
    const V one(ScalarOf<V>(1)), e = exp_minus_abs(z), q = e / (one + e);
    return {one - q, fnma(e, q, e), log1p_unit(e)};  // as sigmoid in elementary.h
}

// t in [0, 1]: softplus(z) - t z, and sigmoid(z) - t written so that nothing cancels.
struct BinaryCrossEntropy {
    template <class V>
    static DS_INLINE LossAt<V> at(V z, V t, const LossOptions<V>&) {
        const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
        const LogisticAt<V> s = logistic_at(z);
        const auto positive = z > zero;
        const V p = select(positive, s.upper, s.lower), q = select(positive, s.lower, s.upper);
        return {fnma(t, z, max(zero, z)) + s.log1p_e, fnma(t, q, (one - t) * p)};
    }
};

// Lin et al., Focal Loss for Dense Object Detection (2017). t is 0 or 1. With s = z towards the right class,
// p = sigmoid(s) and l = -log p = softplus(-s): loss p'^gamma l with p' = 1 - p, so log p' = -(s + l) and no
// logarithm is taken; derivative in s: -p'^gamma (gamma p l + p').
struct FocalBinary {
    template <class V>
    static DS_INLINE LossAt<V> at(V z, V t, const LossOptions<V>& o) {
        const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
        const auto second = t > V(ScalarOf<V>(0.5));
        const V s = select(second, z, -z);
        const LogisticAt<V> c = logistic_at(z);
        const auto right = s > zero;
        const V p = select(right, c.upper, c.lower), rest = select(right, c.lower, c.upper);
        const V l = max(zero, -s) + c.log1p_e;
        const V balance = select(o.alpha < zero, one, select(second, o.alpha, one - o.alpha));
        const V power = balance * exp(-o.gamma * (max(zero, s) + c.log1p_e));
        const V ds = -power * fma(o.gamma * p, l, rest);
        return {power * l, select(second, ds, -ds)};
    }
};

// Softmax focal loss of a row from: others, the sum of e^(z_k - top) without the right class; right, that
// class's e^(z_t - top); shifted = z_t - top. d times (p_k - [k = t]) is the derivative at z_k; for k = t
// that is d * -rest.
template <class V>
struct FocalRow {
    V loss, d, share, rest;  // share = 1 / sum, rest = 1 - p
};
template <class V>
DS_INLINE FocalRow<V> focal_row(V others, V right, V shifted, const LossOptions<V>& o) {
    const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
    const V total = others + right, share = one / total;
    const V p = right * share, rest = others * share;
    const V log_total = log(total);
    // Close to 1, log p from 1 - p, which has all its digits.
    const V log_p = select(rest < V(ScalarOf<V>(0.5)), log1p(-rest), shifted - log_total);
    const V power_of_rest = exp(o.gamma * (log(others) - log_total));
    const V balance = select(o.alpha < zero, one, o.alpha);
    const V power = balance * select(o.gamma == zero, one, power_of_rest);
    const V ratio = select(rest > zero, p * log_p / rest, -one);  // the limit as p goes to 1
    return {-power * log_p, power * fnma(o.gamma, ratio, one), share, rest};
}

DS_ISA_END
