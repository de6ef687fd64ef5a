// The training task of a Rec: sequences of a data set, and sequences for validation.
#pragma once
#include "rec/inference.h"
#include "training/task.h"

namespace ds {

template <class T>
class RecTask final : public TrainingTask<T> {
public:
    RecTask(RecModel<T>& model, OptimizerState<T>& optimizer, const Device<T>& device,
            const SequenceSet<T>& data, const SequenceSet<T>& validation, Index batch, int workers)
        : TrainingTask<T>(workers),
          sequences_(data.x.count),
          bounds_(BatchBounds::of(data, batch, model.spec().bptt_steps)),
          micro_steps_(model.spec().bptt_steps > 0
                           ? (data.longest() + model.spec().bptt_steps - 1) / model.spec().bptt_steps
                           : 1),
          flops_(3.0 * static_cast<double>(bounds_.total) * model.step_flops()),
          step_(model, device, optimizer, data, bounds_, workers),
          validation_(validation),
          inference_(model, device),
          sums_(static_cast<std::size_t>(validation.x.count)) {
        if (!validates()) return;
        chunk_plan_ = inference_.plan(validation_, workers);
        inference_.reserve(validation_, chunk_plan_, workers);
    }

    Index rows() const override { return sequences_; }
    Index batch() const override { return bounds_.rows; }
    Index micro_steps() const override { return micro_steps_; }
    double step_flops() const override { return flops_; }
    Step<T>& step(Player) override { return step_; }
    Index bptt_state_size() const override {
        return micro_steps_ > 1 ? bounds_.rows * step_.state_size() : 0;
    }
    void read_bptt_state(T* to) const override { step_.read_states(to); }
    void write_bptt_state(const T* from) override { step_.write_states(from); }

    bool validates() const override { return validation_.x.count > 0; }
    void validate(Share share, const StopToken& stop_token) override {
        if (!validates()) return;
        for (Index chunk = share.worker; chunk < chunk_plan_.count() && !stop_token.stop_requested();
             chunk += share.workers)
            inference_.losses(validation_, chunk_plan_, chunk, sums_.data(), &stop_token);
    }
    double validation_loss() const override { return mean_loss(sums_); }

    static double mean_loss(const std::vector<LossSum>& sums) {
        LossSum all;
        for (const LossSum& s : sums) all.loss += s.loss, all.weight += s.weight;
        return all.weight > 0.0 ? all.loss / all.weight : 0.0;
    }

private:
    Index sequences_;
    BatchBounds bounds_;
    Index micro_steps_;
    double flops_;
    RecStep<T> step_;
    SequenceSet<T> validation_;
    RecInference<T> inference_;
    typename RecInference<T>::ChunkPlan chunk_plan_;
    std::vector<LossSum> sums_;
};

}  // namespace ds
