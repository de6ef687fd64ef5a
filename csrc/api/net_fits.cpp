#include "api/net_fits.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ds {
namespace {

// How often a calling thread without work polls while the other workers are busy.
constexpr std::chrono::microseconds kPollPause{50};

constexpr Index kMaxEpochs = 256;  // of one call of the trainer, whose records are allocated before it

FitOutcome outcome_of(const RunResult& result) {
    if (result.diverged) return FitOutcome::kDiverged;
    if (!result.finished) return FitOutcome::kRunning;
    return result.stopped_early ? FitOutcome::kStoppedEarly : FitOutcome::kFinished;
}

// One worker's poll: the calling thread asks Python, and all workers see the answer.
class SharedPoll final : public InterruptPoll {
public:
    SharedPoll(std::atomic<bool>& cancelled, InterruptPoll* poll) : token_(cancelled, poll) {}
    bool cancelled() override { return token_.stop_requested(); }

private:
    PollingStopToken token_;
};

}  // namespace

void NetFits::end_fit(NetFit& fit) {
    if (!fit.started || fit.ended) return;
    const std::unique_lock lock(fit.core->lock());
    fit.core->end();
    fit.ended = true;
}

// A worker must not throw.
void NetFits::train(NetFit& fit, InterruptPoll* poll) {
    try {
        const std::unique_lock lock(fit.core->lock());
        if (!fit.started) {
            if (fit.core->running())
                throw std::runtime_error(
                    "nets: got a model in training in another call or thread; expected one whose fit has "
                    "ended");
            fit.core->begin(fit.data, fit.validation, fit.options, 1);
            fit.started = true;
        }
        bool cancelled = false;
        while (fit.outcome == FitOutcome::kRunning && !cancelled && Clock::now() < deadline_) {
            const Index most = fit.by_epoch ? 1 : std::min(fit.options.epochs, kMaxEpochs);
            fit.epochs.reserve(fit.epochs.size() + static_cast<std::size_t>(most));
            const std::chrono::duration<double> left = deadline_ - Clock::now();
            const RunResult part = fit.core->run(most, left.count(), poll);
            fit.epochs.insert(fit.epochs.end(), part.epochs.begin(), part.epochs.end());
            fit.outcome = outcome_of(part);
            const TrainerState& state = fit.core->state();
            fit.progress = {state.epoch,    state.step,       fit.core->steps_per_epoch(),
                            state.loss_sum, state.weight_sum, fit.progress.samples + part.samples};
            cancelled = part.cancelled;
            if (fit.by_epoch && !part.epochs.empty()) break;
        }
        if (fit.outcome == FitOutcome::kRunning || fit.observed) return;
        fit.core->end();
        fit.ended = true;
    } catch (...) {
        fit.error = std::current_exception();
        cancelled_.store(true, std::memory_order_relaxed);
    }
}

void NetFits::run(int workers, double budget_seconds, InterruptPoll* poll) {
    for (NetFit& fit : fits_)
        if (fit.error) std::rethrow_exception(std::exchange(fit.error, nullptr));
    if (fits_.empty()) return;
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(std::clamp(budget_seconds, 0.0, 1e6)));
    next_.store(0, std::memory_order_relaxed);
    cancelled_.store(false, std::memory_order_relaxed);
    ThreadPoolLease lease(static_cast<int>(std::min<std::size_t>(std::size_t(workers), fits_.size())));
    busy_.store(lease.workers(), std::memory_order_relaxed);
    const auto work = [&](int worker) {
        SharedPoll shared(cancelled_, worker == 0 ? poll : nullptr);
        do {
            const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
            if (i >= fits_.size()) break;
            train(fits_[i], &shared);
        } while (Clock::now() < deadline_ && !cancelled_.load(std::memory_order_relaxed));
        busy_.fetch_sub(1, std::memory_order_relaxed);
        if (worker > 0) return;
        while (busy_.load(std::memory_order_relaxed) > 0 && !shared.cancelled())
            std::this_thread::sleep_for(kPollPause);
    };
    lease.run(work);
}

bool NetFits::has_begun(Index id) const {
    return std::any_of(fits_.begin(), fits_.end(),
                       [id](const NetFit& fit) { return fit.id == id && fit.started; });
}

void NetFits::clear_reported() {
    for (NetFit& fit : fits_) {
        fit.epochs.clear();
        fit.progress.samples = 0;
    }
    std::erase_if(fits_, [](const NetFit& fit) { return fit.ended; });
}

void NetFits::remove(Index id) {
    for (NetFit& fit : fits_)
        if (fit.id == id) end_fit(fit);
    std::erase_if(fits_, [id](const NetFit& fit) { return fit.id == id; });
}

void NetFits::end() {
    for (NetFit& fit : fits_) end_fit(fit);
    fits_.clear();
}

}  // namespace ds
