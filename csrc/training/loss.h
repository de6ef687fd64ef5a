// A loss of the specification as the kernels take it.
#pragma once
#include "core/view.h"
#include "training/spec.h"

namespace ds {

// Everything but targets, scales and where the results go. `y` holds the outputs, or the logits of a fused
// loss.
template <class T>
LossArgs<T> loss_arguments(const LossSpec& spec, Matrix<const T> y) {
    LossArgs<T> a{};
    a.x = y;
    for (int i = 0; i < kMaxOptions; ++i) a.option[i] = static_cast<T>(spec.options[i]);
    return a;
}

}  // namespace ds
