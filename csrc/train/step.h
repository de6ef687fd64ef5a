// One training step as a program that every worker runs over its own share (SPMD): gradients, then
//   tiles:   worker 0 adds up the batch loss          — barrier —
//   slices:  update, transposed copies                — the caller's barrier —
// Clipping by norm adds two barriers. How the gradients come about is the business of each kind of model
// (net_step.h, rec_step.h). Shares never change the arithmetic.
#pragma once
#include <atomic>

#include "core/halt.h"
#include "core/team.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace ds {

struct BatchPlace {
    const Index* rows = nullptr;  // indices into the data set; null: the rows from `start` on
    Index start = 0;
    Index size = 0;
    Index piece = 0;  // of a batch that is cut into several steps
    int player = 0;   // whose step it is
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    double rate = 0.0;
};

enum class StepOutcome { kDone, kNothing, kDiverged, kCancelled };  // kNothing: a piece without steps

// Like the batch's place and the optimizer's scalars it is handed on by reference: a copy would be made of wider loads
// than the stores just before, and wait for them.
struct LossSum {
    double loss = 0.0;    // Σ w l
    double weight = 0.0;  // Σ w
    double beside = 0.0;  // what is no part of the loss told, but has to be finite as well

    double mean() const { return weight > 0.0 ? (loss + beside) / weight : beside; }
};

template <class T>
class Step : protected RowGradients<T> {
public:
    Step(Model<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer)
        : model_(model), backend_(backend), optimizer_(optimizer) {}

    // Called by each worker. All of them return the same outcome. The caller's barrier ends the step; after
    // it, and not before, overflowed() tells whether an update met a weight or moment that would not have
    // been finite (and kept it). A poll that says so gives a long step up with the model as it was before.
    StepOutcome run(const BatchPlace& place, Share share, Barrier& barrier, OptimizerClock& clock,
                    Poll* poll);

    bool overflowed() const { return overflow_.load(std::memory_order_relaxed); }
    void clear_overflow() { overflow_.store(false, std::memory_order_relaxed); }

    const LossSum& last() const { return last_; }  // of the last batch

protected:
    // This worker's share of everything up to the gradients; `halt` (or null) is for its passes. False: there is
    // nothing to learn from this batch.
    virtual bool learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) = 0;
    // Worker 0, once every worker has passed learn()'s last barrier.
    virtual void batch_loss(const BatchPlace& place, LossSum& sum) = 0;
    // Worker 0, with the update.
    virtual void end_step() {}
    // Every worker, once all have updated: what follows from the new weights.
    virtual bool settles() const { return false; }
    virtual void settle(Share, const OptimizerClock&) {}

    void carve_gradients(Carver& carver);
    void own_gradients();               // for a step that carves nothing else
    void clear_gradients();             // padding stays zero
    void prepare(Pass<T>& pass) const;  // what a worker's layers read in every step
    // Whether gradients may be made as they are used: nobody wants to see all of them before.
    bool by_rows() const { return optimizer_.spec().clip_norm <= 0.0; }

    Model<T>& model_;
    const Backend<T>& backend_;
    OptimizerState<T>& optimizer_;
    T* grads_ = nullptr;

private:
    double clip_scale(Share share, Barrier& barrier);

    Buffer<T> own_;
    double* block_squares_ = nullptr;
    LossSum last_;
    std::atomic<bool> given_up_{false};
    StepOutcome verdict_ = StepOutcome::kDone;  // worker 0's, published by a barrier
    std::atomic<bool> overflow_{false};
};

}  // namespace ds
