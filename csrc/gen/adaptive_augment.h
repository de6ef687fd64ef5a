// Adaptive augmentation (Karras et al. 2020): the probability that a row is augmented rises while the
// discriminator separates training rows from generated ones too well, and falls otherwise.
#pragma once
#include <algorithm>

#include "training/gan_state.h"

namespace ds {

struct AugmentSpec {
    double target = 0.0;   // mean of sign(a - b) above which the probability rises; 0: no augmentation
    Index interval = 4;    // discriminator updates between two changes of the probability
    Index rows = 100000;   // pairs over which the probability can rise from 0 to 1
    double limit = 0.8;    // largest probability
    double scale = 0.2;    // rows are multiplied by exp(scale · normal)
    double cutout = 0.25;  // share of columns set to 0
    double jitter = 0.1;   // standard deviation of added noise
};

// Counts `n` pairs, whose signs sum to `signs`, and adapts the probability at every spec.interval-th call.
inline void update_augmentation(const AugmentSpec& spec, GanState& state, double signs, Index n) {
    state.sign_sum += signs;
    state.pairs += n;
    if (++state.updates < spec.interval) return;
    const double step = static_cast<double>(state.pairs) / static_cast<double>(spec.rows);
    const bool separates = state.sign_sum > spec.target * static_cast<double>(state.pairs);
    state.probability = std::min(std::max(state.probability + (separates ? step : -step), 0.0), spec.limit);
    state.sign_sum = 0.0;
    state.pairs = state.updates = 0;
}

}  // namespace ds
