// The interface of the optimizer kernels: their arguments, one function pointer per optimizer, and the traits of each
// optimizer. Upper layers include only this file; the rules are in formulas/optimizer_rules.h.
#pragma once
#include <span>

#include "core/option_traits.h"
#include "core/types.h"
#include "kernels/step/step_table.h"

namespace ds {

enum class Optimizer : int {
};  // a position in ForEachOptimizer of formulas/optimizer_rules.h; 0 is the default

// A contiguous part of the parameters and the scalars of one step. An optimizer reads m and v only if it has the
// moment; otherwise they may be null. Zeros in all four arrays stay zeros, so padding may lie between parameters.
template <class T>
struct UpdateArgs {
    T* w = nullptr;
    const T* g = nullptr;
    T* m = nullptr;
    T* v = nullptr;
    Index n = 0;
    T learning_rate = T(0);
    T beta1 = T(0), beta2 = T(0);  // rmsprop: beta2 is rho
    // Rounded once from double; 0: computed from T's betas.
    T one_minus_beta1 = T(0);
    T one_minus_beta2 = T(0);
    T eps = T(0);
    T momentum = T(0);
    T l1 = T(0), l2 = T(0);
    T decay = T(1);  // 1 - learning_rate · weight_decay
    T grad_scale = T(1);
    T clip_value = T(0);    // 0: off
    T step_size = T(0);     // adam: learning_rate / (1 - beta1^t)
    T inv_sqrt_bc2 = T(1);  // adam: 1 / sqrt(1 - beta2^t)
    T grad_step = T(0);     // nadam: the step size of the gradient; step_size is that of the moment
    bool nesterov = false;

    // Of a training step; each may be null.
    const UpdateScalars<T>* scalars = nullptr;  // instead of those above
    bool decays = true;                         // false: a decay of 1 instead of that of `scalars`
    const T* clip_scale = nullptr;              // instead of grad_scale
    const StepStatus* status = nullptr;         // of a step that has diverged: no update

    // Rounds the scalars that an optimizer sets once per fit.
    void set_constants(const UpdateArgs<double>& from) {
        beta1 = static_cast<T>(from.beta1);
        beta2 = static_cast<T>(from.beta2);
        one_minus_beta1 = static_cast<T>(from.one_minus_beta1);
        one_minus_beta2 = static_cast<T>(from.one_minus_beta2);
        eps = static_cast<T>(from.eps);
        momentum = static_cast<T>(from.momentum);
        nesterov = from.nesterov;
    }
};

// The scalars that an optimizer sets once per step, in double.
struct StepScalars {
    double step_size = 0.0, inv_sqrt_bc2 = 1.0, grad_step = 0.0;
};

// The steps of an optimizer and the products over them of the decay factors of the moments, in double.
struct OptimizerClock {
    Index steps = 0;
    double beta1_product = 1.0;
    double beta2_product = 1.0;
};

// The traits of an optimizer. `o` are the values of its options, in their order.
struct OptimizerTraits {
    const char* name;
    std::span<const OptionTraits> options;
    bool (*has_first_moment)(const double* o);
    bool (*has_second_moment)(const double* o);
    const char* (*error)(const double* o);  // error message for an invalid combination of options, or null
    void (*set_constants)(const double* o, UpdateArgs<double>& a);
    void (*advance)(const double* o, OptimizerClock& clock);  // null: the optimizer has no products
    void (*set_step)(const double* o, double learning_rate, const OptimizerClock& clock,
                     StepScalars& s);  // or null
};

std::span<const OptimizerTraits> optimizers();
inline const OptimizerTraits& traits_of(Optimizer kind) { return optimizers()[std::size_t(kind)]; }

inline constexpr Index kSquareBlock = 4096;  // elements per partial sum of squares: part of the bits

template <class T>
struct OptimizerKernels {
    // By Optimizer. False if a new weight or moment is not finite; that element keeps its old w, m and v.
    bool (*const* update)(const UpdateArgs<T>& args) = nullptr;
    // In double, 16 lanes per block of kSquareBlock elements, blocks added in ascending order. Callers may
    // therefore ask for single blocks and add them themselves, starting from 0.
    double (*sum_squares)(const T* x, Index n) = nullptr;
};

}  // namespace ds
