// The losses of a GAN, each a struct that is the only place where it is described: its name, what it needs, and on a
// value type V the term of a pair of scores with its derivatives, from the score a of a real row and b of a generated
// row. The score is the logit of losses that use probabilities. kernels/gan/gan.h takes the means over a batch.
//
// Members of a loss:
//   kName                    its name
//   kPaired                  whether the generator's loss reads the score of the real row, too
//   kAnyOutput               whether the discriminator may have another output activation than identity
//   kPenalty                 the gradient penalty that the loss is used with by default, or null
//   discriminator(a, b), generator(a, b)
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
    static constexpr const char* kName = "minimax";
    static constexpr bool kPaired = false, kAnyOutput = false;
    static constexpr const char* kPenalty = nullptr;

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
    static constexpr const char* kName = "non_saturating";
    static constexpr bool kPaired = false, kAnyOutput = false;
    static constexpr const char* kPenalty = nullptr;

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
    static constexpr const char* kName = "least_squares";
    static constexpr bool kPaired = false, kAnyOutput = true;
    static constexpr const char* kPenalty = nullptr;

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
    static constexpr const char* kName = "hinge";
    static constexpr bool kPaired = false, kAnyOutput = false;
    static constexpr const char* kPenalty = nullptr;

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
    static constexpr const char* kName = "wasserstein";
    static constexpr bool kPaired = false, kAnyOutput = false;
    static constexpr const char* kPenalty = "interpolated";

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
    static constexpr const char* kName = "relativistic";
    static constexpr bool kPaired = true, kAnyOutput = false;
    static constexpr const char* kPenalty = "r1r2";

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

// Every loss. Its position is its index in tables of kernels and of traits; the first is the default.
template <template <class...> class Table>
using ForEachGanLoss = Table<Relativistic, Minimax, NonSaturating, LeastSquares, Hinge, Wasserstein>;

DS_ISA_END
