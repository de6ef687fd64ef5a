#include "train/step.h"

#include <algorithm>
#include <cmath>

#include "core/maths.h"

namespace ds {
namespace {

Index square_blocks(Index n) { return (n + kSquareBlock - 1) / kSquareBlock; }

}  // namespace

template <class T>
void Step<T>::carve_gradients(Carver& carver) {
    grads_ = carver.take<T>(optimizer_.part().end, 1);
    block_squares_ = carver.take<double>(square_blocks(optimizer_.part().size()), 1);
}

template <class T>
void Step<T>::own_gradients() {
    Carver measure;
    carve_gradients(measure);
    own_ = Buffer<T>(measure.elements<T>());
    Carver carver(own_.data(), own_.bytes());
    carve_gradients(carver);
    clear_gradients();
}

template <class T>
void Step<T>::clear_gradients() {
    std::fill_n(grads_ + optimizer_.part().begin, optimizer_.part().size(), T(0));
}

template <class T>
void Step<T>::prepare(Pass<T>& pass) const {
    pass.backend = &backend_;
    pass.params = model_.params();
    pass.copies = model_.copies();
    pass.grads = grads_;
    pass.seed = model_.training().seed;
}

// Clip by the global norm as PyTorch does. Partial sums of fixed blocks, added in order: any number of
// workers.
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
    const double scale = limit / (maths::sqrt(total) + 1e-6);
    return scale < 1.0 ? scale : 1.0;
}

template <class T>
StepOutcome Step<T>::run(const BatchPlace& place, Share share, Barrier& barrier, OptimizerClock& clock,
                         Poll* poll) {
    const bool lead = share.worker == 0;
    // The step's scalars, early: what is written long before it is read costs the update no wait.
    OptimizerClock ticked = clock;
    ticked.tick(optimizer_.spec());
    UpdateArgs<T> update = optimizer_.step_arguments(place.rate, ticked);
    const HaltByPoll halt(given_up_, lead ? poll : nullptr);
    if (!learn(place, share, barrier, poll ? &halt : nullptr)) {
        if (lead) last_ = {};
        barrier.wait();  // worker 0 goes on to place the next step: everybody must have read this one's place
        return StepOutcome::kNothing;
    }
    update.grad_scale = static_cast<T>(clip_scale(share, barrier));
    if (lead) {
        batch_loss(place, last_);
        // Looked at before it is written: an exchange would wait for every store of the step.
        const bool given_up = given_up_.load(std::memory_order_relaxed);
        if (given_up) given_up_.store(false, std::memory_order_relaxed);
        verdict_ = given_up                                                   ? StepOutcome::kCancelled
                   : std::isfinite(last_.loss) && std::isfinite(last_.beside) ? StepOutcome::kDone
                                                                              : StepOutcome::kDiverged;
        if (verdict_ == StepOutcome::kDone) clock = ticked;
    }
    barrier.wait();
    if (verdict_ != StepOutcome::kDone) return verdict_;

    if (!optimizer_.update(backend_, model_.params(), model_.copies(), grads_, *this, update, share))
        overflow_.store(true, std::memory_order_relaxed);
    if (lead) end_step();
    if (settles()) {
        barrier.wait();
        settle(share, clock);
    }
    return StepOutcome::kDone;
}

template class Step<float>;
template class Step<double>;

}  // namespace ds
