// The interface of the loss kernels: their arguments, one function pointer per loss, and what each loss says about
// itself. Upper layers see only this file; the formulas are in formulas/loss.h.
#pragma once
#include <span>
#include <string_view>

#include "core/option_traits.h"
#include "core/target_kind.h"
#include "core/view.h"

namespace ds {

enum class Loss : int {};  // a position in ForEachLoss of formulas/loss.h; 0 is the default

// What a loss says about itself.
struct LossTraits {
    const char* name;
    std::span<const OptionTraits> options;
    const char* output;  // the activation whose pre-activation it starts from, or null
    TargetKind targets;

    // Fused with the output activation: d is the gradient at the output layer's pre-activation z, and y is not read.
    // Otherwise d is the gradient at its output y, and the activation's backward follows.
    bool is_fused() const { return output != nullptr; }
    bool takes_labels() const {
        return targets == TargetKind::kClasses || targets == TargetKind::kClassProbabilities;
    }
    bool takes_rows() const { return targets != TargetKind::kClasses; }
};

std::span<const LossTraits> losses();
inline const LossTraits& traits_of(Loss kind) { return losses()[std::size_t(kind)]; }

// The loss of this name for outputs of an activation: the one that is fused with it, else the first of the name, which
// must exist.
Loss find_loss(std::string_view name, std::string_view output_activation);

template <class T>
struct LossArgs {
    Matrix<const T> x;       // outputs; of a fused loss the pre-activations
    Matrix<const T> target;  // or null
    const std::int64_t*
        label;  // [rows], or null; one of target and label. Sigmoid outputs of one column take 0 or 1
    const T* row_scale;     // [rows]: w_i / sum(w), or null
    T scale;                // used for every row when row_scale is null
    T* row_loss;            // [rows]: the unscaled l_i, or null
    Matrix<T> d;            // d(row's scale * l_i); null for the loss only. May be x
    T option[kMaxOptions];  // the loss's own, in the order of its traits
};

template <class T>
struct LossKernels {
    void (*const* rows)(const LossArgs<T>&) = nullptr;  // by Loss
};

}  // namespace ds
