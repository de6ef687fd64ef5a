// What adversaries need besides a Net's kernels, as the layers see it: their losses, the slope of a gradient penalty,
// what is done to rows before they are shown, minibatch standard deviation. No instruction set.
#pragma once
#include <optional>
#include <string_view>

#include "core/types.h"

namespace ds {

enum class GanLoss : int { kMinimax, kNonSaturating, kLeastSquares, kHinge, kWasserstein, kRelativistic };
inline constexpr int kGanLossCount = 6;
inline constexpr const char* kGanLossNames[kGanLossCount] = {"minimax", "non_saturating", "least_squares",
                                                             "hinge",   "wasserstein",    "relativistic"};

inline const char* to_string(GanLoss loss) { return kGanLossNames[int(loss)]; }

// Of n pairs of scores, a of training rows and b of generated ones: each pair's loss, and the derivatives times scale.
template <class T>
struct GanLossArgs {
    Index n = 0;
    const T* a = nullptr;
    const T* b = nullptr;
    T* loss = nullptr;
    T* da = nullptr;  // null in the generator's loss, which moves no training row
    T* db = nullptr;
    T scale = T(1);
};

// A penalty on a gradient g, and what its derivative by g is times g.
template <class T>
struct PenaltyAt {
    T penalty, slope;
};

// One row's augmentation: factor = what it is multiplied by, added += what is added.
template <class T>
struct AugmentArgs {
    Index cols = 0;
    T* factor = nullptr;
    T* added = nullptr;
    const T* chance =
        nullptr;  // cols + 3 uniform numbers: whether to scale, cut, jitter, then each column's cut
    const T* normal = nullptr;  // cols + 1: each column's jitter, then the row's scale
    T probability = T(0);
    T scale = T(0);
    T cutout = T(0);
    T jitter = T(0);
};

// Rows in groups of `group`, `cols` features: y is x and, as one more column, the mean over features of t, the
// deviation in the group. kappa = c / (group · cols · t) is the slope of that column.
template <class T>
struct DeviationArgs {
    Index groups = 0, group = 0, cols = 0;
    T* y = nullptr;  // or dx on the way back
    Index ldy = 0;
    const T* x = nullptr;  // or the gradient by y
    Index ldx = 0;
    T* c = nullptr;  // x centred in its group
    T* t = nullptr;  // by group and column; both have ld
    Index ld = 0;
    const T* moved = nullptr;  // tangent of x, and the gradient e by that of y: backward_bent only
    Index ldm = 0;
    const T* e = nullptr;
    Index lde = 0;
};

template <class T>
struct GanKernels {
    void (*discriminator[kGanLossCount])(const GanLossArgs<T>&);
    void (*generator[kGanLossCount])(const GanLossArgs<T>&);
    PenaltyAt<T> (*zero_centred)(T squares, T weight);  // weight / 2 · |g|², from |g|²
    PenaltyAt<T> (*one_centred)(T squares, T weight);   // weight · (|g| - 1)²; the slope is 0 where g is
    void (*mix)(T* y, T share, const T* a, const T* b, Index n);  // y = share · a + (1 - share) · b
    void (*augment)(const AugmentArgs<T>&);
    void (*change)(T* y, const T* x, const T* factor, const T* added, Index n);  // y = x · factor + added
    void (*follow)(T* average, const T* w, Index n, T rest);  // average += rest · (w - average)
    void (*gumbel)(T* g, Index n);                            // -log(-log u), in place
    void (*axpy)(T* y, T a, const T* x, Index n);             // y += a · x
    void (*scaled)(T* y, T a, const T* x, Index n);           // y = a · x
    T (*dot)(const T* a, const T* b, Index n);                // 16 lanes
    void (*deviation_forward)(const DeviationArgs<T>&);
    void (*deviation_backward)(const DeviationArgs<T>&);
    void (*deviation_tangent)(const DeviationArgs<T>&);
    void (*deviation_backward_bent)(const DeviationArgs<T>&);
};

}  // namespace ds
