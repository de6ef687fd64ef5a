// The gradients of a Rec's training step: forward through recurrent stack and head, the loss, and backward
// through both. Each recurrent layer has two barriers per pass, between work on packed rows and work on
// sequences.
#pragma once
#include "rec/model.h"
#include "rec/targets.h"
#include "training/step.h"

namespace ds {

// Upper bounds of a batch's sizes, over all batches of a data set.
struct BatchBounds {
    Index rows = 0, steps = 0, total = 0;
    Index labels = 0;  // of a sequence; CTC only

    template <class T>
    static BatchBounds of(const SequenceSet<T>& data, Index batch, Index max_steps);
};

template <class T>
class RecStep final : public Step<T> {
public:
    RecStep(RecModel<T>& model, const Device<T>& device, OptimizerState<T>& optimizer,
            const SequenceSet<T>& data, const BatchBounds& bounds, int workers);

    // The states between two micro-steps of a batch: (rows, state_size()), longest sequences first, zeros for
    // sequences that have ended.
    Index state_size() const { return rec_.state_size(); }
    void read_states(T* to) const;
    void write_states(const T* from);

private:
    using Step<T>::backend_;

    struct WorkerContext {
        ExecContext<T> exec;
        std::vector<LayerInput<T>> layer_input;  // by layer of the head
        double* ctc_scratchpad = nullptr;
    };

    bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                       StepParams<T>& params) override;
    void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                           Barrier& barrier, const StopToken* stop_token) override;
    BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const override;

    void allocate_buffers(ArenaPlanner& planner, const BatchBounds& bounds);
    void ctc_losses(const WorkerContext& context, Range rows);

    RecModel<T>& rec_;
    SequenceSet<T> data_;
    RecTargets<T> target_source_;
    RecStack<T> stack_;
    Sequential<T> sequential_;
    Buffer<T> memory_;
    Targets<T> targets_;
    TargetRows<T> target_rows_;
    std::vector<WorkerContext> contexts_;  // by worker
    bool has_steps_ = false;               // some sequence reaches this micro-step
    Index rows_;                           // upper bound
};

}  // namespace ds
