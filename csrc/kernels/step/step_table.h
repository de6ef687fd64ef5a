// What the host tells the operations of a training step, and what they report. Both lie in a device's memory, so
// that a list of steps can run without the host: it writes parameters before them and reads the status after them.
#pragma once
#include "core/types.h"

namespace ds {

// The scalars of an optimizer's step, rounded from double.
template <class T>
struct UpdateScalars {
    T learning_rate = T(0);
    T decay = T(1);         // 1 - learning_rate · weight_decay
    T step_size = T(0);     // adam: learning_rate / (1 - beta1^t)
    T inv_sqrt_bc2 = T(1);  // adam: 1 / sqrt(1 - beta2^t)
    T grad_step = T(0);     // nadam: the step size of the gradient; step_size is that of the moment
};

// Written by the host before a step.
template <class T>
struct StepParams {
    UpdateScalars<T> update;
    T one_minus_decay = T(0);  // of the moving average of the weights
    double weight = 0.0;       // Σ w of the batch
    Index number = 0;          // steps since the host has last read the status
};

// State of a GAN's training between batches, besides weights and step counts.
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

// Written by operations. Once `diverged` is set, the operations that change weights, moments or this status do
// nothing, so the weights stay those before the step that diverged.
struct StepStatus {
    Index diverged = 0;  // a loss was not finite, or a step follows one that set `overflow`
    Index overflow = 0;  // an update kept a weight or moment because the new one would not be finite
    Index steps = 0;     // complete ones since the host has last read the status
    double loss_sum = 0.0, weight_sum = 0.0;           // Σ w l and Σ w of the epoch
    double loss = 0.0, weight = 0.0, auxiliary = 0.0;  // Σ w l, Σ w and other terms of the last batch
    GanState gan;

    double mean_loss() const { return weight > 0.0 ? (loss + auxiliary) / weight : auxiliary; }
};

// The loss of a batch: the sum of the rows' losses, which is weighted with w / Σ w or, with `mean`, divided by
// their number. Adds it to the status, or reports that the step has diverged.
template <class T>
struct BatchLossArgs {
    StepStatus* status = nullptr;
    const StepParams<T>* params = nullptr;
    const T* row_loss = nullptr;
    const T* row_weight = nullptr;  // or null: all are 1
    Index rows = 0;
    bool mean = false;
    bool is_auxiliary = false;   // the loss counts as another term
    const T* penalty = nullptr;  // other terms
    Index penalties = 0;
};

// Counts the scores of a discriminator's update, and adapts the probability of an augmentation at every
// `interval`-th one.
template <class T>
struct DiscriminatorTally {
    StepStatus* status = nullptr;
    const T* score = nullptr;  // of `pairs` training rows, then of as many generated ones
    Index pairs = 0;
    double target = 0.0;  // 0: no augmentation
    Index interval = 0;
    Index rows = 0;
    double limit = 0.0;
};

// The factor that clips gradients to a norm, from partial sums of their squares.
template <class T>
struct ClipArgs {
    T* scale = nullptr;
    const double* squares = nullptr;
    Index count = 0;
    double limit = 0.0;
};

template <class T>
struct StepKernels {
    void (*batch_loss)(const BatchLossArgs<T>&);
    void (*discriminator_tally)(const DiscriminatorTally<T>&);
    void (*generator_tally)(StepStatus* status);
    void (*clip_scale)(const ClipArgs<T>&);
};

}  // namespace ds
