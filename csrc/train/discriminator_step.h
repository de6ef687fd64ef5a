// The discriminator's update on a batch: the generator's rows beside those of the data, their scores, the loss, and
// where it is due a penalty on the gradient by the rows. Per worker's share:
//   packs    make, show                         — barrier —
//   rows     [read,] forward                    — barrier —
//   pairs    losses;  points: slopes, tangents  — barrier —
//   rows     backward                           — barrier —
//   [unread,] tiles: weight gradients
#pragma once
#include "train/gen_batch.h"

namespace ds {

template <class T>
class DiscriminatorStep final : public Step<T> {
public:
    DiscriminatorStep(GenModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                      GenBatch<T>& batch, const OptimizerClock& clock, AdversaryState& state);

private:
    using Step<T>::backend_;

    bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) override;
    void batch_loss(const BatchPlace& place, LossSum& sum) override;
    void end_step() override;
    bool settles() const override { return batch_.spectral().on(); }
    void settle(Share share, const OptimizerClock& clock) override;
    // What a spectral norm makes of the gradients needs all of them.
    bool seen_whole() const { return !this->by_rows() || batch_.spectral().on(); }
    bool makes(const Parameter& p) const override { return !seen_whole() && batch_.discriminator().makes(p); }
    void make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted, Share share) const override;

    void judge(Range pairs, Index all);

    GenBatch<T>& batch_;
    const OptimizerClock& clock_;
    AdversaryState& state_;
    bool penalised_ = false;  // this update; worker 0 writes
    double penalty_ = 0.0;
};

}  // namespace ds
