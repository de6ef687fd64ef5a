// Maximum-likelihood pretraining of a generator of texts: the mean cross-entropy of each token given those
// before it, as a Rec with output "next" computes it, on the generator's parameters.
#pragma once
#include "gen/sequences/sequence_batch.h"

namespace ds {

template <class T>
class PretrainStep final : public Step<T> {
public:
    PretrainStep(GenModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
                 const LabelledSequences<T>& data, Index batch, int workers);

private:
    using Step<T>::backend_;

    bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                       StepParams<T>& params) override;
    void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                           Barrier& barrier, const StopToken* stop_token) override;
    BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const override;
    void allocate_buffers(ArenaPlanner& planner);

    const GenSpec& spec_;
    LabelledSequences<T> data_;
    Index batch_;
    SequenceGenerator<T> generator_;
    Buffer<T> memory_;
    Targets<T> targets_;
    HostArray<Index> lengths_;
    HostArray<std::int64_t> labels_;        // empty without classes
    std::vector<ExecContext<T>> contexts_;  // one for each worker
};

}  // namespace ds
