// Optimizers: what an instruction set offers for the update of a slab of parameters. Upper layers see only
// this.
#pragma once
#include "core/types.h"

namespace ds {

enum class Optimizer { kSgd, kAdam, kAdamW, kRmsProp, kAdagrad, kLion };
inline constexpr int kOptimizers = 6;
constexpr const char* kOptimizerNames[kOptimizers] = {"sgd", "adam", "adamw", "rmsprop", "adagrad", "lion"};

// One piece of the slab and the scalars of one step. Rules and their order: formulas/update.h. m is needed by
// adam, adamw, lion, and by sgd and rmsprop with momentum; v by adam, adamw, rmsprop, adagrad; else they may
// be null. Zeros in all four arrays stay zeros, so padding may lie between parameters.
template <class T>
struct UpdateArgs {
    T* w = nullptr;
    const T* g = nullptr;
    T* m = nullptr;
    T* v = nullptr;
    Index n = 0;
    T rate = T(0);
    T beta1 = T(0), beta2 = T(0);  // rmsprop: beta2 is rho
    // 1 - beta1 and 1 - beta2, rounded once from double; 0: what T's betas leave
    T rest1 = T(0), rest2 = T(0);
    T eps = T(0);
    T momentum = T(0);
    T l1 = T(0), l2 = T(0);
    T shrink = T(1);  // 1 - rate * weight_decay
    T grad_scale = T(1);
    T clip_value = T(0);    // 0: off
    T step_size = T(0);     // adam: rate / (1 - beta1^t)
    T inv_sqrt_bc2 = T(1);  // adam: 1 / sqrt(1 - beta2^t)
    bool nesterov = false;
};

inline constexpr Index kSquareBlock = 4096;  // elements per partial sum of squares: part of the bits

template <class T>
struct OptimKernels {
    // False if some new weight or moment is not finite; that element keeps its old w, m and v.
    bool (*update[kOptimizers])(const UpdateArgs<T>& args) = {};
    // In double, 16 lanes per block of kSquareBlock elements, blocks added in ascending order; so the caller
    // may also ask for whole blocks one by one and add them itself, from 0.
    double (*sum_squares)(const T* x, Index n) = nullptr;
};

}  // namespace ds
