// Teaching a generator of texts their likelihood: the mean cross-entropy of every token, those before it given. The
// way of a Rec of output "next" on the generator's own parameters.
#pragma once
#include "train/sequence_batch.h"

namespace ds {

template <class T>
class TeachStep final : public Step<T> {
public:
    TeachStep(GenModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
              const LabelledSequences<T>& data, Index batch, int workers);

private:
    using Step<T>::backend_;

    bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) override;
    void batch_loss(const BatchPlace& place, LossSum& sum) override;
    void carve(Carver& carver);

    const GenSpec& spec_;
    LabelledSequences<T> data_;
    Index batch_;
    SequenceGenerator<T> generator_;
    Buffer<T> memory_;
    Targets<T> targets_;
    Index* lengths_ = nullptr;
    std::int64_t* labels_ = nullptr;
    std::vector<Pass<T>> passes_;  // by worker
};

}  // namespace ds
