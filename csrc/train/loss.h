// A loss of the specification as the kernels take it.
#pragma once
#include "backend/view.h"
#include "train/spec.h"

namespace ds {

// Everything but targets, scales and where the results go. `y` holds the outputs, or the logits of a fused
// loss.
template <class T>
LossArgs<T> loss_arguments(const LossSpec& spec, Index rows, Index cols, Matrix<T> y) {
    LossArgs<T> a{};
    a.rows = rows;
    a.cols = cols;
    a.y = a.z = y.p;
    a.ldy = a.ldz = y.ld;
    a.delta = static_cast<T>(spec.delta);
    a.quantile = static_cast<T>(spec.quantile);
    a.gamma = static_cast<T>(spec.gamma);
    a.alpha = static_cast<T>(spec.alpha);
    a.smoothing = static_cast<T>(spec.smoothing);
    return a;
}

}  // namespace ds
