// What a training step reports: the loss of a batch and whether it is finite, the scores of a GAN's players, and
// the factor that clips gradients. All of it is in double, on few numbers.
#pragma once
#include "kernels/elementwise/reduce.h"
#include "kernels/step/step_table.h"

DS_ISA_BEGIN

template <class T>
DS_KERNEL void batch_loss(const BatchLossArgs<T>& a) {
    StepStatus& status = *a.status;
    double loss = a.row_weight != nullptr
                      ? array_weighted_sum(a.row_loss, a.row_weight, a.rows) * a.params->weight
                      : array_sum(a.row_loss, a.rows);
    if (a.mean) loss /= double(a.rows);
    double auxiliary = a.penalties > 0 ? array_sum(a.penalty, a.penalties) : 0.0;
    if (a.is_auxiliary) {
        auxiliary = loss;
        loss = 0.0;
    }
    const double weight = a.params->weight, loss_sum = status.loss_sum + loss,
                 weight_sum = status.weight_sum + weight;
    const Index diverged = status.diverged, overflow = status.overflow;
    sync();
    if (diverged != 0) return;
    const bool finite = loss - loss == 0.0 && auxiliary - auxiliary == 0.0 && overflow == 0;
    if (overflow == 0) {
        store_lane0(&status.loss, loss);
        store_lane0(&status.weight, weight);
        store_lane0(&status.auxiliary, auxiliary);
    }
    store_lane0(&status.steps, a.params->number + (finite ? 1 : 0));
    store_lane0(&status.diverged, Index(finite ? 0 : 1));
    if (finite) {
        store_lane0(&status.loss_sum, loss_sum);
        store_lane0(&status.weight_sum, weight_sum);
    }
    sync();
}

// Karras et al. 2020: the probability rises while the discriminator separates training rows from generated ones
// too well, and falls otherwise.
template <class T>
DS_KERNEL void discriminator_tally(const DiscriminatorTally<T>& a) {
    const T *real = a.score, *fake = real + a.pairs;
    const double n = double(a.pairs), real_mean = array_sum(real, a.pairs) / n,
                 fake_mean = array_sum(fake, a.pairs) / n;
    if (a.status->diverged != 0) return;
    GanState g = a.status->gan;
    ++g.batches;
    g.penalty += a.status->auxiliary;
    g.real_score += real_mean;
    g.fake_score += fake_mean;
    if (a.target > 0.0) {
        double signs = 0.0;
        for (Index i = 0; i < a.pairs; ++i) signs += real[i] > fake[i] ? 1.0 : real[i] < fake[i] ? -1.0 : 0.0;
        g.sign_sum += signs;
        g.pairs += a.pairs;
        if (++g.updates >= a.interval) {
            const double step = double(g.pairs) / double(a.rows);
            const double p = g.probability + (g.sign_sum > a.target * double(g.pairs) ? step : -step);
            g.probability = p < 0.0 ? 0.0 : p > a.limit ? a.limit : p;
            g.sign_sum = 0.0;
            g.pairs = g.updates = 0;
        }
    }
    sync();
    store_lane0(&a.status->gan, g);
    sync();
}

inline DS_KERNEL void generator_tally(StepStatus* status) {
    if (status->diverged != 0) return;
    const Index updates = status->gan.generator_updates + 1;
    const double loss = status->gan.generator_loss + status->auxiliary;
    sync();
    store_lane0(&status->gan.generator_updates, updates);
    store_lane0(&status->gan.generator_loss, loss);
    sync();
}

// As PyTorch does. The sums are added in order.
template <class T>
DS_KERNEL void clip_scale(const ClipArgs<T>& a) {
    double total = 0.0;
    for (Index i = 0; i < a.count; ++i) total += a.squares[i];
    const double scale = a.limit / (sqrt(total) + 1e-6);
    store_lane0(a.scale, static_cast<T>(scale < 1.0 ? scale : 1.0));
    sync();
}

template <class T>
constexpr StepKernels<T> step_kernels() {
    return {batch_loss<T>, discriminator_tally<T>, generator_tally, clip_scale<T>};
}

DS_ISA_END
