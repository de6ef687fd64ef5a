#include "training/step.h"

namespace ds {
namespace {

Index square_blocks(Index n) { return (n + kSquareBlock - 1) / kSquareBlock; }

}  // namespace

template <class T>
void Step<T>::allocate_gradients(ArenaPlanner& planner) {
    grads_ = planner.allocate<T>(optimizer_.part().end, 1);
    if (!clips()) return;
    block_squares_ = planner.allocate<double>(square_blocks(optimizer_.part().size()), 1);
    clip_scale_ = planner.allocate<T>(1, 1);
}

template <class T>
void Step<T>::allocate_own_gradients() {
    memory_ =
        allocate_planned<T>(device_.memory, [&](ArenaPlanner& planner) { allocate_gradients(planner); });
    clear_gradients();
}

template <class T>
void Step<T>::clear_gradients() {
    device_.memory.fill_zero(grads_ + optimizer_.part().begin, optimizer_.part().size());
}

template <class T>
void Step<T>::set_constants(ExecContext<T>& exec) const {
    exec.backend = &backend_;
    exec.params = model_.params();
    exec.copies = model_.copies();
    exec.grads = grads_;
    exec.seed = model_.training().seed;
}

// Clips by the global norm. Fixed blocks are summed and the sums added in order, so the result does not depend on
// the number of workers.
template <class T>
void Step<T>::sum_squares(Share share, Barrier& barrier) {
    barrier.wait();
    const Index n = optimizer_.part().size();
    backend_.sum_squares(block_squares_, grads_ + optimizer_.part().begin, n, share.of(square_blocks(n)));
    barrier.wait();
}

template <class T>
void Step<T>::report(const MiniBatch& mini_batch, const StepParams<T>* params) {
    BatchLossArgs<T> loss = batch_loss(mini_batch);
    loss.status = status_;
    loss.params = params;
    backend_.batch_loss(loss);
    if (clips())
        backend_.clip_scale({clip_scale_, block_squares_, square_blocks(optimizer_.part().size()),
                             optimizer_.spec().clip_norm});
}

template <class T>
StepOutcome Step<T>::run(const MiniBatch& mini_batch, const StepParams<T>* params, Share share,
                         Barrier& barrier, InterruptPoll* poll) {
    const bool lead = share.worker == 0;
    // These arguments are written early, so that the update does not wait for the stores.
    UpdateArgs<T> update = optimizer_.constants();
    update.scalars = &params->update;
    update.status = status_;
    if (clips()) update.clip_scale = clip_scale_;
    const PollingStopToken stop_token(cancelled_, lead ? poll : nullptr);
    compute_gradients(mini_batch, params, share, barrier, poll ? &stop_token : nullptr);
    if (clips()) sum_squares(share, barrier);
    if (lead) {
        const bool cancelled = cancelled_.load(std::memory_order_relaxed);
        outcome_ = cancelled ? StepOutcome::kCancelled : StepOutcome::kDone;
        if (!cancelled) report(mini_batch, params);
    }
    barrier.wait();
    if (outcome_ == StepOutcome::kCancelled) {
        // Not before the barrier: until then, a worker may rely on what another one left undone when cancelled.
        if (lead) cancelled_.store(false, std::memory_order_relaxed);
        return outcome_;
    }

    optimizer_.update(backend_, model_.params(), model_.copies(), grads_, *this, update, status_, share);
    if (lead) update_running_stats();
    if (has_after_update()) {
        barrier.wait();
        after_update(share, params);
    }
    return StepOutcome::kDone;
}

template class Step<float>;
template class Step<double>;

}  // namespace ds
