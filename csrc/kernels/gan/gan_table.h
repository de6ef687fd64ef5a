// The interface of the GAN kernels: losses over pairs of scores, gradient penalties, input noise and
// augmentation, minibatch standard deviation. It names no instruction set.
#pragma once
#include <span>

#include "core/view.h"
#include "kernels/step/step_table.h"

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

// Scores z = w_r · x + bias of the rows of x, with w_r = weight + Σ embedding[p · classes + label[r · pac + p]].
template <class T>
struct ProjectionForward {
    Matrix<T> z;        // a column
    Matrix<T> weights;  // w_r; null: not needed
    Matrix<const T> x;
    const T* weight = nullptr;
    const T* bias = nullptr;  // one number, or null
    Matrix<const T> embedding;
    const std::int64_t* labels = nullptr;
    Index classes = 0;
    Index pac = 1;
};

// The gradient with respect to some columns of the embedding: the sums of d · x over the rows of each label.
template <class T>
struct ProjectionWeightGradient {
    Matrix<T> dembedding;
    Matrix<const T> d;  // a column
    Matrix<const T> x;
    const std::int64_t* labels = nullptr;
    Index classes = 0;
    Index pac = 1;
};

// The gradient penalties of some rows: weight / 2 · |g|² or, one-centred, weight · (|g| - 1)² with a slope of 0
// at |g| = 0. The derivative with respect to g is slope · g, which goes to `dg`; dg may be g. A row of a
// sequence has several steps: row i of step t is row offset[t] + i of the matrices.
template <class T>
struct PenaltyArgs {
    Range rows;
    Matrix<T> dg;
    Matrix<const T> g;
    T* penalty = nullptr;  // by row
    const Index* position =
        nullptr;  // by row: its place in `penalty`, after place `first`; null: the row itself
    Index first = 0;
    const Index* length = nullptr;  // by row: its steps; null: one
    const Index* offset = nullptr;  // by step
    T weight = T(0);
    bool one_centred = false;
};

// The augmentation of rows x·factor + shift: factor is written, shift is added to.
template <class T>
struct AugmentArgs {
    Range rows;
    Matrix<T> factor, shift;
    Matrix<const T> uniform;  // by sequence: whether to scale, cut and jitter, then the cutout of each column
    Matrix<const T> normal;   // by row: the jitter of each column, then the scale of sequence i in row i
    const Index* sequence = nullptr;      // by row; null: the row itself
    const double* probability = nullptr;  // one number
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

// A weight with its singular vectors, by its stored rows and columns. `rows_first`: a power iteration begins
// with the vector of the rows.
template <class T>
struct SpectralArgs {
    Matrix<T> w;
    T* by_row = nullptr;
    T* by_col = nullptr;
    bool rows_first = false;
    T* sigma = nullptr;                  // the singular value: one number
    T* products = nullptr;               // scratchpad of w.rows numbers
    const StepStatus* status = nullptr;  // power_iteration of a step that has diverged does nothing
    Matrix<T> dw{};  // backward: in the gradient with respect to w / sigma, out that with respect to w
};

template <class T>
struct GanKernels {
    void (*const* discriminator)(const GanLossArgs<T>&);  // by GanLoss
    void (*const* generator)(const GanLossArgs<T>&);
    void (*penalty)(const PenaltyArgs<T>&);
    void (*projection_forward)(const ProjectionForward<T>&);
    void (*projection_weight_gradient)(const ProjectionWeightGradient<T>&);
    // Rows y = factor · x, with a column of factors; y may be x.
    void (*scale_rows)(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x);
    // A column of the dot products of rows, in 16 lanes.
    void (*row_dots)(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b);
    // Rows y = share · a + (1 - share) · b, with the share of row i at index[i], or at i without an index.
    void (*lerp)(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
                 const Matrix<const T>& b);
    void (*augment)(const AugmentArgs<T>&);
    void (*scale_shift)(T* y, const T* x, const T* factor, const T* shift,
                        Index n);  // y = x · factor + shift
    void (*ema)(T* average, const T* w, Index n,
                T one_minus_decay);                 // average += one_minus_decay · (w - average)
    void (*gumbel)(T* g, Index n);                  // -log(-log u), in place
    void (*scale)(T* y, T a, const T* x, Index n);  // y = a · x
    void (*unit_vector)(T* x, Index n);             // x /= max(|x|, 1e-12)
    void (*power_iteration)(const SpectralArgs<T>&);
    void (*spectral_normalize)(const SpectralArgs<T>&);  // sigma, and w /= sigma
    void (*spectral_backward)(const SpectralArgs<T>&);   // w is normalised
    void (*minibatch_stddev_forward)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_backward)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_tangent)(const MinibatchStddevArgs<T>&);
    void (*minibatch_stddev_double_backward)(const MinibatchStddevArgs<T>&);
};

}  // namespace ds
