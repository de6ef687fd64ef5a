// The discriminator's update on a mini-batch: scores of real and generated rows, the loss and, at every k-th
// update, the gradient penalty. Each worker does its share of:
//   pairs         generator forward, discriminator input   — barrier —
//   rows          [encode,] forward                        — barrier —
//   pairs         losses and their gradients
//   penalty rows  input gradient, penalty, tangents        — barrier —
//   rows          backward                                 — barrier —
//   tiles         [encoder backward,] weight gradients
#pragma once
#include "gen/batch.h"

namespace ds {

template <class T>
class DiscriminatorStep final : public Step<T> {
public:
    DiscriminatorStep(GenModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                      GenBatch<T>& batch, const OptimizerClock& clock, GanState& state);

private:
    using Step<T>::backend_;

    bool compute_gradients(const MiniBatch& mini_batch, Share share, Barrier& barrier,
                           const StopToken* stop_token) override;
    void batch_loss(const MiniBatch& mini_batch, LossSum& sum) override;
    void update_running_stats() override;
    bool has_after_update() const override { return batch_.spectral_norm().on(); }
    void after_update(Share share, const OptimizerClock& clock) override;
    // Clipping by norm and the backward pass of spectral normalisation need all gradients at once.
    bool needs_all_gradients() const { return !this->by_rows() || batch_.spectral_norm().on(); }
    bool has_gradient_rows(const Parameter& p) const override {
        return !needs_all_gradients() && batch_.discriminator().has_gradient_rows(p);
    }
    void gradient_rows(const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint,
                       Share share) const override;

    void loss_and_gradient(Range pairs, Index all_rows);

    GenBatch<T>& batch_;
    const OptimizerClock& clock_;
    GanState& state_;
    bool with_penalty_ = false;  // in this update; worker 0 writes it
    double penalty_ = 0.0;
};

}  // namespace ds
