// The losses of adversaries on a value type V, from the scores a of training rows and b of generated ones: what a pair
// adds to the loss, and the derivatives there. Where a loss speaks of probabilities the score is the logit. Not here:
// means over a batch (kernels/gan.h).
#pragma once
#include "formulas/elementary.h"

DS_ISA_BEGIN

template <class V>
struct GanLossAt {
    V loss, da, db;
};

template <class V>
DS_INLINE V gan_number(double x) {
    return V(ScalarOf<V>(x));
}

// Goodfellow et al. 2014: the discriminator's is one, the generator's are two.
struct Minimax {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        return {softplus(-a) + softplus(b), -sigmoid(-a), sigmoid(b)};
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V, V b) {
        return {-softplus(b), gan_number<V>(0), -sigmoid(b)};
    }
};

struct NonSaturating {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        return Minimax::discriminator(a, b);
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V, V b) {
        return {softplus(-b), gan_number<V>(0), -sigmoid(-b)};
    }
};

// Mao et al. 2017.
struct LeastSquares {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        const V half = gan_number<V>(0.5), da = a - gan_number<V>(1);
        return {half * fma(da, da, b * b), da, b};
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V, V b) {
        const V db = b - gan_number<V>(1);
        return {gan_number<V>(0.5) * db * db, gan_number<V>(0), db};
    }
};

// Lim & Ye 2017.
struct Hinge {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        const V zero = gan_number<V>(0), one = gan_number<V>(1);
        return {max(zero, one - a) + max(zero, one + b), select(a < one, -one, zero),
                select(b > -one, one, zero)};
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V, V b) {
        return {-b, gan_number<V>(0), gan_number<V>(-1)};
    }
};

// Arjovsky et al. 2017.
struct Wasserstein {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        return {b - a, gan_number<V>(-1), gan_number<V>(1)};
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V a, V b) {
        return Hinge::generator(a, b);
    }
};

// Pairs of a training row and a generated one: Jolicoeur-Martineau 2019; Huang et al. 2024.
struct Relativistic {
    template <class V>
    static DS_INLINE GanLossAt<V> discriminator(V a, V b) {
        const V d = sigmoid(b - a);
        return {softplus(b - a), -d, d};
    }
    template <class V>
    static DS_INLINE GanLossAt<V> generator(V a, V b) {
        return {softplus(a - b), gan_number<V>(0), -sigmoid(a - b)};
    }
};

DS_ISA_END
