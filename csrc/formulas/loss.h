// The losses, each a struct that is the only place where it is described: name, options, output activation, targets,
// and on a value type V what one output adds to its row's loss, with the derivative there. Cross entropies, focal and
// Poisson losses start from the pre-activation z, so nothing is ever the logarithm of a rounded probability; the
// others from the output y. Means over a row, weights and softmax are in kernels/loss/loss.h. How to add one:
// CONTRIBUTING.md.
//
// Members of a loss:
//   kName              its name
//   kOptions           optional: its options; o[...] are their values in this order
//   kOutput            the activation whose pre-activation it starts from; null: it takes outputs of any activation.
//                      Losses of one name and different kOutput, such as focal's two, follow each other.
//   kTargets           the targets it takes
//   kLabelSmoothing    optional: the place of the option that smooths the targets
//   at(y or z, t, o)   loss and derivative of one output; a loss that couples the outputs of a row has a function for
//                      rows instead, loss_rows() in kernels/loss/loss.h
#pragma once
#include "core/option_traits.h"
#include "core/target_kind.h"
#include "formulas/elementary.h"

DS_ISA_BEGIN

template <class V>
struct LossAt {
    V loss, d;
};

// The values of a loss's options.
template <class V>
struct LossOptions {
    V value[kMaxOptions];
    DS_INLINE const V& operator[](int option) const { return value[option]; }
};

template <class V>
DS_INLINE V signed_unit(V e, V above, V layer_input) {  // above if e > 0, below if e < 0, 0 at 0
    const V zero(ScalarOf<V>(0));
    return select(e > zero, above, select(e < zero, layer_input, zero));
}

// mean of (y - t)² / 2
struct SquaredError {
    static constexpr const char* kName = "squared_error";
    static constexpr const char* kOutput = nullptr;
    static constexpr TargetKind kTargets = TargetKind::kReal;

    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>&) {
        const V e = y - t;
        return {V(ScalarOf<V>(0.5)) * e * e, e};
    }
};

// mean of |y - t|
struct AbsoluteError {
    static constexpr const char* kName = "absolute_error";
    static constexpr const char* kOutput = nullptr;
    static constexpr TargetKind kTargets = TargetKind::kReal;

    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>&) {
        const V one(ScalarOf<V>(1)), e = y - t;
        return {abs(e), signed_unit(e, one, -one)};
    }
};

// Huber 1964: (y - t)² / 2 up to |y - t| = delta, a straight line beyond.
struct Huber {
    enum { kDelta };
    static constexpr const char* kName = "huber";
    static constexpr OptionTraits kOptions[] = {{"delta", 1.0, OptionRange::kPositive}};
    static constexpr const char* kOutput = nullptr;
    static constexpr TargetKind kTargets = TargetKind::kReal;

    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>& o) {
        const V half(ScalarOf<V>(0.5)), e = y - t, size = abs(e);
        const V inside = half * e * e, outside = o[kDelta] * fnma(half, o[kDelta], size);
        return {select(size <= o[kDelta], inside, outside), max(-o[kDelta], min(o[kDelta], e))};
    }
};

// Koenker and Bassett's check function: an error above costs 1 - quantile, one below costs quantile.
struct Quantile {
    enum { kQuantile };
    static constexpr const char* kName = "quantile";
    static constexpr OptionTraits kOptions[] = {{"quantile", 0.5, OptionRange::kOpenUnit}};
    static constexpr const char* kOutput = nullptr;
    static constexpr TargetKind kTargets = TargetKind::kReal;

    template <class V>
    static DS_INLINE LossAt<V> at(V y, V t, const LossOptions<V>& o) {
        const V above = V(ScalarOf<V>(1)) - o[kQuantile], e = y - t;
        return {max(above * e, -o[kQuantile] * e), signed_unit(e, above, -o[kQuantile])};
    }
};

// The negative log likelihood of counts t with the log rate z, without its constant.
struct Poisson {
    static constexpr const char* kName = "poisson";
    static constexpr const char* kOutput = "exp";
    static constexpr TargetKind kTargets = TargetKind::kCounts;

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
    enum { kLabelSmoothing };
    static constexpr const char* kName = "binary_cross_entropy";
    static constexpr OptionTraits kOptions[] = {{"label_smoothing", 0.0, OptionRange::kUnit}};
    static constexpr const char* kOutput = "sigmoid";
    static constexpr TargetKind kTargets = TargetKind::kProbabilities;

    template <class V>
    static DS_INLINE LossAt<V> at(V z, V t, const LossOptions<V>&) {
        const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
        const LogisticAt<V> s = logistic_at(z);
        const auto positive = z > zero;
        const V p = select(positive, s.upper, s.lower), q = select(positive, s.lower, s.upper);
        return {fnma(t, z, max(zero, z)) + s.log1p_e, fnma(t, q, (one - t) * p)};
    }
};

// Lin et al., Focal Loss for Dense Object Detection (2017), https://arxiv.org/abs/1708.02002
struct FocalOptions {
    enum { kGamma, kAlpha };
    static constexpr const char* kName = "focal";
    static constexpr OptionTraits kOptions[] = {{"gamma", 2.0, OptionRange::kNotNegative},
                                                {"alpha", -1.0, OptionRange::kWeight}};
};

// Of sigmoid outputs, t is 0 or 1; alpha is the weight of 1, 1 - alpha that of 0. With s = z towards the right class,
// p = sigmoid(s) and l = -log p = softplus(-s): loss p'^gamma l with p' = 1 - p, so log p' = -(s + l) and no
// logarithm is taken; derivative in s: -p'^gamma (gamma p l + p').
struct FocalBinary : FocalOptions {
    static constexpr const char* kOutput = "sigmoid";
    static constexpr TargetKind kTargets = TargetKind::kBinary;

    template <class V>
    static DS_INLINE LossAt<V> at(V z, V t, const LossOptions<V>& o) {
        const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
        const auto second = t > V(ScalarOf<V>(0.5));
        const V s = select(second, z, -z);
        const LogisticAt<V> c = logistic_at(z);
        const auto right = s > zero;
        const V p = select(right, c.upper, c.lower), rest = select(right, c.lower, c.upper);
        const V l = max(zero, -s) + c.log1p_e;
        const V balance = select(o[kAlpha] < zero, one, select(second, o[kAlpha], one - o[kAlpha]));
        const V power = balance * exp(-o[kGamma] * (max(zero, s) + c.log1p_e));
        const V ds = -power * fma(o[kGamma] * p, l, rest);
        return {power * l, select(second, ds, -ds)};
    }
};

template <class V>
struct FocalRow {
    V loss, d, share, rest;  // share = 1 / sum, rest = 1 - p
};

// Of a softmax, for the right class; alpha is the weight of every class. row() gets `others`, the sum of e^(z_k - top)
// without the right class; `right`, that class's e^(z_t - top); and shifted = z_t - top. Its d times (p_k - [k = t]) is
// the derivative at z_k; for k = t that is d * -rest.
struct Focal : FocalOptions {
    static constexpr const char* kOutput = "softmax";
    static constexpr TargetKind kTargets = TargetKind::kClasses;

    template <class V>
    static DS_INLINE FocalRow<V> row(V others, V right, V shifted, const LossOptions<V>& o) {
        const V zero(ScalarOf<V>(0)), one(ScalarOf<V>(1));
        const V total = others + right, share = one / total;
        const V p = right * share, rest = others * share;
        const V log_total = log(total);
        // Close to 1, log p from 1 - p, which has all its digits.
        const V log_p = select(rest < V(ScalarOf<V>(0.5)), log1p(-rest), shifted - log_total);
        const V power_of_rest = exp(o[kGamma] * (log(others) - log_total));
        const V balance = select(o[kAlpha] < zero, one, o[kAlpha]);
        const V power = balance * select(o[kGamma] == zero, one, power_of_rest);
        const V ratio = select(rest > zero, p * log_p / rest, -one);  // the limit as p goes to 1
        return {-power * log_p, power * fnma(o[kGamma], ratio, one), share, rest};
    }
};

// Of a softmax: sum_k t_k (logsumexp(z) - z_k). kernels/loss/loss.h takes the sums over a row.
struct CrossEntropy {
    enum { kLabelSmoothing };
    static constexpr const char* kName = "cross_entropy";
    static constexpr OptionTraits kOptions[] = {{"label_smoothing", 0.0, OptionRange::kUnit}};
    static constexpr const char* kOutput = "softmax";
    static constexpr TargetKind kTargets = TargetKind::kClassProbabilities;
};

// Every loss. Its position is its index in tables of kernels and of traits; the first is the default.
template <template <class...> class Table>
using ForEachLoss = Table<SquaredError, AbsoluteError, Huber, Quantile, Poisson, BinaryCrossEntropy,
                          CrossEntropy, Focal, FocalBinary>;

DS_ISA_END
