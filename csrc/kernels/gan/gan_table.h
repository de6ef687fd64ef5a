// The interface of the GAN kernels: losses over pairs of scores, gradient penalties, input noise and
// augmentation, minibatch standard deviation. It names no instruction set.
#pragma once
#include <span>

#include "core/view.h"

namespace ds {

enum class GanLoss : int {};  // a position in ForEachGanLoss of formulas/gan_loss.h

// What a loss says about itself.
struct GanLossTraits {
    const char* name;
    bool paired;          // the generator's loss reads the score of the real row, too
    bool any_output;      // the discriminator may have another output activation than identity
    const char* penalty;  // the gradient penalty that it is used with by default, or null
};

std::span<const GanLossTraits> gan_losses();
inline const GanLossTraits& traits_of(GanLoss kind) { return gan_losses()[std::size_t(kind)]; }

// n pairs of scores, a of training rows and b of generated rows: the loss of each pair and its gradients
// times `scale`.
template <class T>
struct GanLossArgs {
    Index n = 0;
    const T* a = nullptr;
    const T* b = nullptr;
    T* loss = nullptr;
    T* da = nullptr;  // null in the generator's loss, which does not depend on training rows
    T* db = nullptr;
    T scale = T(1);
};

// A penalty on a gradient g. Its derivative with respect to g is slope · g.
template <class T>
struct PenaltyAt {
    T penalty, slope;
};

// The augmentation of one row x·factor + shift: factor is written, shift is added to.
template <class T>
struct AugmentArgs {
    Index cols = 0;
    T* factor = nullptr;
    T* shift = nullptr;
    const T* uniform =
        nullptr;  // cols + 3 numbers: whether to scale, cut and jitter, then the cutout of each column
    const T* normal = nullptr;  // cols + 1 numbers: the jitter of each column, then the row's scale
    T probability = T(0);
    T scale = T(0);
    T cutout = T(0);
    T jitter = T(0);
};

// Rows in groups of `group`. y is x with one more column: the mean over features of t,
// the standard deviation in the group. kappa = c / (group · cols · t) is the gradient of that column with
// respect to x.
template <class T>
struct MinibatchStddevArgs {
    Index group = 0;
    Matrix<T> y;             // backward: dx, without the last column
    Matrix<const T> x;       // backward: dy
    Matrix<T> c;             // x minus its group's mean
    Matrix<T> t;             // one row per group
    Matrix<const T> x_dot;   // double_backward: the tangent of x
    Matrix<const T> dy_dot;  // double_backward: the gradient with respect to the tangent of y
};

template <class T>
struct GanKernels {
    void (*const* discriminator)(const GanLossArgs<T>&);  // by GanLoss
    void (*const* generator)(const GanLossArgs<T>&);
    PenaltyAt<T> (*zero_centred)(T squares, T weight);  // weight / 2 · |g|², from |g|²
    PenaltyAt<T> (*one_centred)(T squares, T weight);   // weight · (|g| - 1)²; the slope at |g| = 0 is 0
    void (*lerp)(T* y, T share, const T* a, const T* b, Index n);  // y = share · a + (1 - share) · b
    void (*augment)(const AugmentArgs<T>&);
    void (*scale_shift)(T* y, const T* x, const T* factor, const T* shift,
                        Index n);  // y = x · factor + shift
    void (*ema)(T* average, const T* w, Index n,
                T one_minus_decay);                 // average += one_minus_decay · (w - average)
    void (*gumbel)(T* g, Index n);                  // -log(-log u), in place
    void (*axpy)(T* y, T a, const T* x, Index n);   // y += a · x
    void (*scale)(T* y, T a, const T* x, Index n);  // y = a · x
    T (*dot)(const T* a, const T* b, Index n);      // in 16 lanes
    void (*minibatch_stddev_forward)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_backward)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_tangent)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_double_backward)(const MinibatchStddevArgs<T>&);
};

}  // namespace ds
