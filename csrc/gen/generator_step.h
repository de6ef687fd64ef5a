// The generator's update, after every `discriminator.steps` updates of the discriminator: the current
// discriminator scores generated rows, and the gradient flows back through both players. The first update
// reuses the rows of the discriminator's update, because the generator has not changed since. Each worker
// does its share of:
//   pairs   [generator forward,] discriminator input, forward, losses, backward through both players  — barrier —
//   tiles   the generator's weight gradients
#pragma once
#include "gen/batch.h"

namespace ds {

template <class T>
class GeneratorStep final : public Step<T> {
public:
    GeneratorStep(GenModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                  GenBatch<T>& batch, const OptimizerClock& discriminator);

private:
    using Step<T>::backend_;
    using WorkerContext = typename GenBatch<T>::WorkerContext;

    // The first update uses the latents of the discriminator's step, even where a resumed run computes them
    // anew.
    static std::uint32_t latent_step(const MiniBatch& mini_batch) {
        return mini_batch.micro_step == 1 ? mini_batch.step - 1 : mini_batch.step;
    }

    bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                       StepParams<T>& params) override;
    void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                           Barrier& barrier, const StopToken* stop_token) override;
    BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const override;
    void discard() override { batch_.clear_cached(); }
    void update_running_stats() override;
    bool has_after_update() const override { return !model_.ema_pairs().empty(); }
    void after_update(Share share, const StepParams<T>* params) override;
    bool has_gradient_rows(const Parameter& p) const override {
        return this->by_rows() && batch_.generator() && batch_.generator()->has_gradient_rows(p);
    }
    void gradient_rows(const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint,
                       Share share) const override;

    void loss_and_gradient(Range pairs);

    GenModel<T>& model_;
    GenBatch<T>& batch_;
    const OptimizerClock& discriminator_;
    bool is_new_ = false;  // this update draws latents of its own
};

}  // namespace ds
