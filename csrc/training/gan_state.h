// State of a GAN's training between batches, besides weights and step counts. Plain numbers in the trainer's
// state, so that checkpoints contain them. Only gen/ uses them.
#pragma once
#include "core/types.h"

namespace ds {

struct GanState {
    double probability = 0.0;  // of an augmentation
    double sign_sum = 0.0;     // Σ sign(a - b) since the probability last changed
    Index pairs = 0;
    Index updates = 0;
    // Sums over this epoch.
    Index batches = 0, generator_updates = 0;
    double penalty = 0.0, real_score = 0.0, fake_score = 0.0, generator_loss = 0.0;

    void end_epoch() {
        batches = generator_updates = 0;
        penalty = real_score = fake_score = generator_loss = 0.0;
    }
};

}  // namespace ds
