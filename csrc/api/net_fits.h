// Fits of many Nets. The workers take one Net after another; each is trained by one worker alone, so there are
// no barriers. A Net gets the bits of a fit of its own. Only as many fits as there are workers have buffers at a
// time, and those that stop after each epoch.
#pragma once
#include <atomic>
#include <chrono>
#include <exception>
#include <vector>

#include "api/net_core.h"

namespace ds {

enum class FitOutcome { kRunning, kFinished, kStoppedEarly, kDiverged };

// Where a fit stands after its last run.
struct FitProgress {
    Index epoch = 0, step = 0, steps_per_epoch = 0;
    double loss_sum = 0.0, weight_sum = 0.0;  // of the current epoch
    Index samples = 0;                        // since the last report
};

// The caller's arrays and the core must outlive the fit.
struct NetFit {
    Index id = 0;  // the caller's
    NetCore* core = nullptr;
    RawDataset data, validation;
    FitOptions options;
    bool by_epoch = false;  // a run trains at most one epoch
    bool observed = false;  // a complete fit keeps the weights of its last epoch until remove()
    bool started = false, ended = false;
    FitOutcome outcome = FitOutcome::kRunning;
    std::vector<EpochRecord> epochs;  // since the last report
    FitProgress progress;
    std::exception_ptr error;
};

class NetFits {
public:
    NetFits() = default;
    NetFits(const NetFits&) = delete;
    NetFits& operator=(const NetFits&) = delete;
    ~NetFits() { end(); }

    void add(const NetFit& fit) { fits_.push_back(fit); }
    // Trains until all fits are complete, the time is over, or the poll cancels. A later call continues. If a
    // fit has failed, the next call throws its error.
    void run(int workers, double budget_seconds, InterruptPoll* poll);
    // The fits that are not yet removed, in the order of add().
    const std::vector<NetFit>& fits() const { return fits_; }
    bool has_begun(Index id) const;
    // Removes the fits that have ended, and the reported epochs of the others.
    void clear_reported();
    // Ends the fit of this id, or all fits. Incomplete ones leave their Nets at the last complete steps.
    void remove(Index id);
    void end();

private:
    using Clock = std::chrono::steady_clock;

    void train(NetFit& fit, InterruptPoll* poll);
    static void end_fit(NetFit& fit);

    std::vector<NetFit> fits_;
    std::atomic<std::size_t> next_{0};  // the first fit that no worker has taken
    std::atomic<int> busy_{0};
    std::atomic<bool> cancelled_{false};
    Clock::time_point deadline_;
};

}  // namespace ds
