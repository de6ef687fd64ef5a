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
                      GenBatch<T>& batch);

private:
    using Step<T>::backend_;

    bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                       StepParams<T>& params) override;
    void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                           Barrier& barrier, const StopToken* stop_token) override;
    BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const override;
    void discard() override { batch_.clear_cached(); }
    void update_running_stats() override;
    bool has_after_update() const override { return batch_.spectral_norm().on(); }
    void after_update(Share share, const StepParams<T>* params) override;
    // Clipping by norm and the backward pass of spectral normalisation need all gradients at once.
    bool needs_all_gradients() const { return !this->by_rows() || batch_.spectral_norm().on(); }
    bool has_gradient_rows(const Parameter& p) const override {
        return !needs_all_gradients() && batch_.discriminator().has_gradient_rows(p);
    }
    void gradient_rows(const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint,
                       Share share) const override;

    void loss_and_gradient(Range pairs, Index all_rows);

    GenBatch<T>& batch_;
    bool with_penalty_ = false;  // in this update
};

}  // namespace ds
