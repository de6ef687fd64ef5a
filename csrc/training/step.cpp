#include "training/step.h"

#include <algorithm>
#include <cmath>

#include "core/scalar_math.h"

namespace ds {
namespace {

Index square_blocks(Index n) { return (n + kSquareBlock - 1) / kSquareBlock; }

}  // namespace

template <class T>
void Step<T>::allocate_gradients(ArenaPlanner& planner) {
    grads_ = planner.allocate<T>(optimizer_.part().end, 1);
    block_squares_.resize(square_blocks(optimizer_.part().size()));
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
void Step<T>::prepare(ExecContext<T>& exec) const {
    exec.backend = &backend_;
    exec.params = model_.params();
    exec.copies = model_.copies();
    exec.grads = grads_;
    exec.seed = model_.training().seed;
}

// Clips by the global norm as PyTorch does. Fixed blocks are summed and the sums added in order, so the
// result does not depend on the number of workers.
template <class T>
double Step<T>::clip_scale(Share share, Barrier& barrier) {
    const double limit = optimizer_.spec().clip_norm;
    if (limit <= 0.0) return 1.0;
    barrier.wait();
    const Index n = optimizer_.part().size();
    const T* grads = grads_ + optimizer_.part().begin;
    const Index blocks = square_blocks(n);
    const Range mine = share.of(blocks);
    for (Index b = mine.begin; b < mine.end; ++b)
        block_squares_[b] =
            backend_.sum_squares(grads + b * kSquareBlock, std::min(kSquareBlock, n - b * kSquareBlock));
    barrier.wait();
    double total = 0.0;
    for (Index b = 0; b < blocks; ++b) total += block_squares_[b];
    const double scale = limit / (scalar_math::sqrt(total) + 1e-6);
    return scale < 1.0 ? scale : 1.0;
}

template <class T>
StepOutcome Step<T>::run(const MiniBatch& mini_batch, Share share, Barrier& barrier, OptimizerClock& clock,
                         InterruptPoll* poll) {
    const bool lead = share.worker == 0;
    // The step's scalars are written early, so that the update does not wait for these stores.
    OptimizerClock next = clock;
    optimizer_.advance(next);
    UpdateArgs<T> update = optimizer_.step_arguments(mini_batch.learning_rate, next);
    const PollingStopToken stop_token(cancelled_, lead ? poll : nullptr);
    if (!compute_gradients(mini_batch, share, barrier, poll ? &stop_token : nullptr)) {
        if (lead) last_ = {};
        barrier.wait();  // every worker has read mini_batch before worker 0 overwrites it with the next one
        return StepOutcome::kNothing;
    }
    update.grad_scale = static_cast<T>(clip_scale(share, barrier));
    if (lead) {
        batch_loss(mini_batch, last_);
        const bool cancelled = cancelled_.load(std::memory_order_relaxed);
        outcome_ = cancelled                                                     ? StepOutcome::kCancelled
                   : std::isfinite(last_.loss) && std::isfinite(last_.auxiliary) ? StepOutcome::kDone
                                                                                 : StepOutcome::kDiverged;
        if (outcome_ == StepOutcome::kDone) clock = next;
    }
    barrier.wait();
    if (outcome_ != StepOutcome::kDone) {
        // Not before the barrier: until then, a worker may rely on what another one left undone when cancelled.
        if (lead) cancelled_.store(false, std::memory_order_relaxed);
        return outcome_;
    }

    if (!optimizer_.update(backend_, model_.params(), model_.copies(), grads_, *this, update, share))
        overflow_.store(true, std::memory_order_relaxed);
    if (lead) update_running_stats();
    if (has_after_update()) {
        barrier.wait();
        after_update(share, clock);
    }
    return StepOutcome::kDone;
}

template class Step<float>;
template class Step<double>;

}  // namespace ds
