// One training step, a program that every worker runs over its own share (SPMD):
//   compute_gradients   of each kind of model (net/step.h, rec/step.h, gen/*_step.h)
//   batch loss          worker 0                        — barrier —
//   update              and the transposed copies       — the caller's barrier —
// Clipping by norm adds two barriers. The shares never change the arithmetic.
#pragma once
#include <atomic>

#include "core/threads/stop_token.h"
#include "core/threads/thread_pool.h"
#include "training/model.h"
#include "training/optimizer_state.h"

namespace ds {

struct MiniBatch {
    const Index* rows = nullptr;  // indices into the data set; null: the rows from `start` on
    Index start = 0;
    Index size = 0;
    Index micro_step = 0;          // number of the step within the batch (TrainingTask::micro_steps)
    Player player = kFirstPlayer;  // that is updated
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    double learning_rate = 0.0;

    Index row(Index i) const { return rows ? rows[i] : start + i; }  // in the data set
};

// kNothing: no sequence reaches this micro-step.
enum class StepOutcome { kDone, kNothing, kDiverged, kCancelled };

// Passed by reference, as MiniBatch and UpdateArgs are. A copy would use wider loads than the preceding
// stores, and wait for them.
struct LossSum {
    double loss = 0.0;       // Σ w l
    double weight = 0.0;     // Σ w
    double auxiliary = 0.0;  // other terms, which have to be finite too

    double mean() const { return weight > 0.0 ? (loss + auxiliary) / weight : auxiliary; }
};

template <class T>
class Step : protected RowGradients<T> {
public:
    Step(Model<T>& model, const Device<T>& device, OptimizerState<T>& optimizer)
        : model_(model), device_(device), backend_(device.backend), optimizer_(optimizer) {}

    // Called by each worker; all return the same outcome. The caller's barrier ends the step. Only after it
    // does overflowed() report whether an update kept a weight or moment because the new one would not be
    // finite. If the poll cancels a long step, the model stays as it was before the step.
    StepOutcome run(const MiniBatch& mini_batch, Share share, Barrier& barrier, OptimizerClock& clock,
                    InterruptPoll* poll);

    bool overflowed() const { return overflow_.load(std::memory_order_relaxed); }
    void clear_overflow() { overflow_.store(false, std::memory_order_relaxed); }

    const LossSum& last() const { return last_; }  // of the last batch

protected:
    // This worker's share of everything up to the gradients; stop_token may be null. False: this mini-batch
    // has no step to learn from.
    virtual bool compute_gradients(const MiniBatch& mini_batch, Share share, Barrier& barrier,
                                   const StopToken* stop_token) = 0;
    // Worker 0, after every worker has passed the last barrier of compute_gradients().
    virtual void batch_loss(const MiniBatch& mini_batch, LossSum& sum) = 0;
    // Worker 0, with the update.
    virtual void update_running_stats() {}
    // Every worker, after all have updated: work that depends on the new weights.
    virtual bool has_after_update() const { return false; }
    virtual void after_update(Share, const OptimizerClock&) {}

    void allocate_gradients(ArenaPlanner& planner);
    void allocate_own_gradients();             // for a step without other buffers
    void clear_gradients();                    // the padding has to be zero
    void prepare(ExecContext<T>& exec) const;  // sets the members that stay the same in every step
    // Whether the update may compute gradients row by row, in the host's memory: clipping by norm needs all of them
    // first.
    bool by_rows() const { return optimizer_.spec().clip_norm <= 0.0 && !backend_.is_asynchronous(); }

    Model<T>& model_;
    const Device<T> device_;
    const Backend<T>& backend_;
    OptimizerState<T>& optimizer_;
    T* grads_ = nullptr;

private:
    double clip_scale(Share share, Barrier& barrier);

    Buffer<T> memory_;
    HostArray<double> block_squares_;
    LossSum last_;
    std::atomic<bool> cancelled_{false};
    StepOutcome outcome_ = StepOutcome::kDone;  // worker 0's, published by a barrier
    std::atomic<bool> overflow_{false};
};

}  // namespace ds
