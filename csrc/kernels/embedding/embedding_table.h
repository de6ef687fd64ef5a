// The interface of the kernels of numeric embeddings. Upper layers include only this file; the formulas are in
// periodic.h.
#pragma once
#include "core/view.h"

namespace ds {

// A row's waves: the cosine of every frequency, then the sine, each with a slot of kWaveSlot·n features.
inline constexpr Index kWaveSlot = 16;
// Internal linkage, because the kernels of an instruction set may export nothing but their table.
static constexpr Index wave_slot(Index features) {
    return (features + kWaveSlot - 1) / kWaveSlot * kWaveSlot;
}

// The first features of a row are embedded; the others pass. All rows of the matrices are rows of the batch,
// except those of the parameters, which are frequencies.
template <class T>
struct PeriodicForward {
    Matrix<T> y;      // x, then output 0 of every feature, output 1, …
    Matrix<T> waves;  // for the backward pass; with ld = 0 a scratchpad
    Matrix<const T> x;
    Matrix<const T> frequency;  // (frequencies, features)
    Matrix<const T> phase;      // (frequencies, features), in turns
    Matrix<const T> weight;     // (outputs·frequencies, features)
};

// Replaces the sines among the waves by the gradient with respect to the angle in turns.
template <class T>
struct PeriodicBackward {
    Matrix<T> waves;
    Matrix<const T> dy;  // of the outputs, without the columns of x
    Matrix<const T> weight;
    Index frequencies = 0;
};

// The gradients of some frequencies' parameters: sums over the rows.
template <class T>
struct PeriodicWeightGradient {
    Matrix<T> dfrequency;
    Matrix<T> dphase;
    Matrix<T> dweight;
    Matrix<const T> waves;  // after the backward kernel
    Matrix<const T> x;
    Matrix<const T> dy;
    Range frequencies;
};

template <class T>
struct EmbeddingKernels {
    void (*periodic_forward)(const PeriodicForward<T>&) = nullptr;
    void (*periodic_backward)(const PeriodicBackward<T>&) = nullptr;
    void (*periodic_weight_gradient)(const PeriodicWeightGradient<T>&) = nullptr;
};

}  // namespace ds
