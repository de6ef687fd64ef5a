// A Rec's share of a training step: the recurrent stack up, the head up, the loss, and both down again. Barriers
// stand where packed rows meet sequences: two a recurrent layer and pass.
#pragma once
#include "train/rec_model.h"
#include "train/rec_targets.h"
#include "train/step.h"

namespace ds {

// The most that one batch can hold of a data set: bounds for whatever is drawn together.
struct BatchBounds {
    Index rows = 0, steps = 0, total = 0;
    Index labels = 0;  // of a sequence, CTC

    template <class T>
    static BatchBounds of(const SequenceSet<T>& data, Index batch, Index piece);
};

template <class T>
class RecStep final : public Step<T> {
public:
    RecStep(RecModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
            const SequenceSet<T>& data, const BatchBounds& bounds, int workers);

    // The states between two pieces of a batch: (rows, state_size()), longest sequences first, zero for those that have
    // ended.
    Index state_size() const { return rec_.state_size(); }
    void read_states(T* to) const;
    void write_states(const T* from);

private:
    using Step<T>::backend_;

    struct Desk {
        Pass<T> pass;
        std::vector<Below<T>> below;  // by layer of the head
        double* room = nullptr;       // for CTC
    };

    bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) override;
    void batch_loss(const BatchPlace& place, LossSum& sum) override;

    void carve(Carver& carver, const BatchBounds& bounds);
    void align(const Desk& desk, Range rows);

    RecModel<T>& rec_;
    SequenceSet<T> data_;
    RecTargets<T> wanted_;
    RecStack<T> stack_;
    Chain<T> chain_;
    Buffer<T> memory_;
    Targets<T> targets_;
    std::vector<Desk> desks_;  // by worker
    double weight_ = 0.0;      // Σ w of the batch
    bool some_ = false;        // this piece of the batch has steps
    Index rows_;               // of a batch, at most
};

}  // namespace ds
