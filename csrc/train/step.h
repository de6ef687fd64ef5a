// One training step as a program that every worker runs over its own share (SPMD):
//   rows:    gather, forward, loss, backward          — barrier —
//   tiles:   weight gradients (and the batch loss)    — barrier —
//   slices:  update, transposed copies                — the caller's barrier —
// Batch normalisation adds two barriers a pass, clipping by norm two. Shares never change the arithmetic.
#pragma once
#include <atomic>
#include <vector>

#include "core/arena.h"
#include "core/team.h"
#include "train/dataset.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace ds {

struct BatchPlace {
    const Index* rows = nullptr;  // indices into the data set; null: the rows from `start` on
    Index start = 0;
    Index size = 0;
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    double rate = 0.0;
};

enum class StepOutcome { kDone, kDiverged, kCancelled };

// Asked now and then by worker 0 inside long steps; true gives the step up with the model as it was before
// it.
class Poll {
public:
    virtual ~Poll() = default;
    virtual bool cancelled() = 0;
};

template <class T>
class Step {
public:
    Step(Model<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer, const Dataset<T>& data,
         Index batch, int workers);

    // Called by each worker. All of them return the same outcome. The caller's barrier ends the step; after
    // it, and not before, overflowed() tells whether an update met a weight or moment that would not have
    // been finite (and kept it).
    StepOutcome run(const BatchPlace& place, Share share, Barrier& barrier, OptimizerClock& clock,
                    Poll* poll);

    bool overflowed() const { return overflow_.load(std::memory_order_relaxed); }
    void clear_overflow() { overflow_.store(false, std::memory_order_relaxed); }

    double loss() const { return loss_; }      // Σ w l of the last batch
    double weight() const { return weight_; }  // Σ w of the last batch

private:
    // What one worker hands to the layers: made once, so that a step writes only what changes.
    struct Desk {
        Pass<T> pass;
        std::vector<Below<T>> below;  // by layer
    };

    void carve(Carver& carver, Index batch);
    void set_desks();
    void gather(const BatchPlace& place, Range rows);
    double batch_weight(const BatchPlace& place) const;
    void rows_forward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll);
    void rows_loss(const BatchPlace& place, double weight, Range rows);
    void rows_backward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll);
    double clip_scale(Share share, Barrier& barrier);
    bool give_up(Poll* poll);

    Model<T>& model_;
    const Backend<T>& backend_;
    OptimizerState<T>& optimizer_;
    Dataset<T> data_;
    Buffer<T> memory_;
    std::vector<Tape<T>> tapes_;
    Matrix<T> x_, target_;
    std::int64_t* label_ = nullptr;
    T* row_loss_ = nullptr;
    T* row_scale_ = nullptr;
    T* grads_ = nullptr;
    double* block_squares_ = nullptr;
    std::vector<Desk> desks_;  // by worker
    double loss_ = 0.0, weight_ = 0.0;
    std::atomic<bool> cancel_{false};  // worker 0 was told to give up; everybody hurries to the step's end
    StepOutcome verdict_ = StepOutcome::kDone;  // worker 0's, published by a barrier
    std::atomic<bool> overflow_{false};
};

}  // namespace ds
