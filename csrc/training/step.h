// One training step, a program that every worker runs over its own share (SPMD):
//   compute_gradients   of each kind of model (net/step.h, rec/step.h, gen/*_step.h)
//   batch loss          worker 0                        — barrier —
//   update              and the transposed copies       — the caller's barrier —
// Clipping by norm adds two barriers. The shares never change the arithmetic.
//
// Before it, prepare() makes the decisions of the host and computes the step's parameters. The program itself calls
// operations, which read the parameters and write the status (kernels/step/step_table.h).
#pragma once
#include <atomic>

#include "core/threads/stop_token.h"
#include "core/threads/thread_pool.h"
#include "training/model.h"
#include "training/optimizer_state.h"
#include "training/step_params.h"

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
    bool has_work = true;  // false: no sequence reaches this micro-step, or no update is due

    Index row(Index i) const { return rows ? rows[i] : start + i; }  // in the data set
};

// kDone: the status reports whether the step was complete or diverged. kNothing: it had no work.
enum class StepOutcome { kDone, kNothing, kCancelled };

template <class T>
class Step : protected RowGradients<T> {
public:
    Step(Model<T>& model, const Device<T>& device, OptimizerState<T>& optimizer)
        : model_(model), device_(device), backend_(device.backend), optimizer_(optimizer) {}

    // Where the steps report. It must outlive them.
    void set_status(StepStatus* status) { status_ = status; }

    // Before a step, by one worker, while others may still update: the decisions of the host, and the step's
    // parameters. `clock` counts this step already. False: the step has no work.
    bool prepare(const MiniBatch& mini_batch, const OptimizerClock& clock, StepParams<T>& params) {
        params.update = optimizer_.step_scalars(mini_batch.learning_rate, clock);
        return prepare_batch(mini_batch, clock, params);
    }
    // Called by each worker; all return the same outcome. The caller's barrier ends the step. If the poll cancels
    // a long step, the model stays as it was before the step.
    StepOutcome run(const MiniBatch& mini_batch, const StepParams<T>* params, Share share, Barrier& barrier,
                    InterruptPoll* poll);
    // A step that was prepared is not complete, or is undone.
    virtual void discard() {}

protected:
    virtual bool prepare_batch(const MiniBatch& mini_batch, const OptimizerClock& clock,
                               StepParams<T>& params) = 0;
    // This worker's share of everything up to the gradients; stop_token may be null.
    virtual void compute_gradients(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                                   Barrier& barrier, const StopToken* stop_token) = 0;
    // Worker 0, after every worker has passed the last barrier of compute_gradients(): where the losses lie.
    virtual BatchLossArgs<T> batch_loss(const MiniBatch& mini_batch) const = 0;
    // Worker 0, with the update.
    virtual void update_running_stats() {}
    // Every worker, after all have updated: work that depends on the new weights.
    virtual bool has_after_update() const { return false; }
    virtual void after_update(Share, const StepParams<T>*) {}

    void allocate_gradients(ArenaPlanner& planner);
    void allocate_own_gradients();                   // for a step without other buffers
    void clear_gradients();                          // the padding has to be zero
    void set_constants(ExecContext<T>& exec) const;  // the members that stay the same in every step
    // Whether the update may compute gradients row by row, in the host's memory: clipping by norm needs all of them
    // first.
    bool by_rows() const { return !clips() && !backend_.is_asynchronous(); }

    Model<T>& model_;
    const Device<T> device_;
    const Backend<T>& backend_;
    OptimizerState<T>& optimizer_;
    T* grads_ = nullptr;
    StepStatus* status_ = nullptr;

private:
    bool clips() const { return optimizer_.spec().clip_norm > 0.0; }
    void sum_squares(Share share, Barrier& barrier);
    void report(const MiniBatch& mini_batch, const StepParams<T>* params);

    Buffer<T> memory_;
    double* block_squares_ = nullptr;
    T* clip_scale_ = nullptr;
    std::atomic<bool> cancelled_{false};
    StepOutcome outcome_ = StepOutcome::kDone;  // worker 0's, published by a barrier
};

}  // namespace ds
