// The generator's update, when its turn has come: scores of its rows from the discriminator as it is now, the gradient
// back through that to the rows, and through the generator. A turn's first update goes on from the rows that the
// discriminator has just learnt from: their generator has not changed since. Per worker's share:
//   packs   [make,] show, the discriminator's forward, losses, its backward, the generator's backward  — barrier —
//   tiles   weight gradients
#pragma once
#include "train/gen_batch.h"

namespace ds {

template <class T>
class GeneratorStep final : public Step<T> {
public:
    GeneratorStep(GenModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                  GenBatch<T>& batch, const OptimizerClock& discriminator, AdversaryState& state);

private:
    using Step<T>::backend_;
    using Desk = typename GenBatch<T>::Desk;

    bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) override;
    void batch_loss(const BatchPlace& place, LossSum& sum) override;
    void end_step() override;
    bool settles() const override { return !model_.averages().empty(); }
    void settle(Share share, const OptimizerClock& clock) override;
    bool makes(const Parameter& p) const override {
        return this->by_rows() && batch_.generator() && batch_.generator()->makes(p);
    }
    void make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted, Share share) const override;

    void judge(Range packs);

    GenModel<T>& model_;
    GenBatch<T>& batch_;
    const OptimizerClock& discriminator_;
    AdversaryState& state_;
    double loss_ = 0.0;
};

}  // namespace ds
