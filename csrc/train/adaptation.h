// What adversaries remember between batches, besides weights and clocks: how often rows are augmented, and what this
// epoch has told so far. Plain numbers, part of the Cursor.
#pragma once
#include <algorithm>

#include "core/types.h"

namespace ds {

// Adaptive augmentation (Karras et al. 2020): after every `every` updates of the discriminator the probability p of a
// change rises, if it tells training rows from generated ones too well, else sinks.
struct AugmentSpec {
    double target = 0.0;  // mean of sign(a - b) above which p rises; 0: no augmentation
    Index every = 4;
    Index rows = 100000;   // pairs that take p from 0 to 1
    double limit = 0.8;    // of p
    double scale = 0.2;    // rows are multiplied by exp(scale * normal)
    double cutout = 0.25;  // share of columns put to 0
    double jitter = 0.1;   // deviation of what is added
};

struct AdversaryState {
    double probability = 0.0;
    double told = 0.0;  // sum of sign(a - b) since p last changed
    Index pairs = 0;
    Index updates = 0;
    // Sums over this epoch.
    Index batches = 0, turns = 0;
    double penalty = 0.0, real_score = 0.0, fake_score = 0.0, generator_loss = 0.0;

    void end_epoch() {
        batches = turns = 0;
        penalty = real_score = fake_score = generator_loss = 0.0;
    }

    void observe(const AugmentSpec& spec, double signs, Index n) {
        told += signs;
        pairs += n;
        if (++updates < spec.every) return;
        const double step = static_cast<double>(pairs) / static_cast<double>(spec.rows);
        const bool too_well = told > spec.target * static_cast<double>(pairs);
        probability = std::min(std::max(probability + (too_well ? step : -step), 0.0), spec.limit);
        told = 0.0;
        pairs = updates = 0;
    }
};

}  // namespace ds
