// Cooperative cancellation of long work. Every worker asks its StopToken between parts of the work. The token
// of the calling thread also asks an InterruptPoll (of Python's signals), and all workers see the answer.
#pragma once
#include <atomic>

namespace ds {

class InterruptPoll {
public:
    virtual ~InterruptPoll() = default;
    virtual bool cancelled() = 0;
};

// After stop_requested() has returned true, results are unspecified, but every barrier must still be passed.
class StopToken {
public:
    virtual ~StopToken() = default;
    virtual bool stop_requested() const = 0;
};

// One worker's token. All workers share `cancelled`; only the calling thread has a poll, the others have
// null.
class PollingStopToken final : public StopToken {
public:
    PollingStopToken(std::atomic<bool>& cancelled, InterruptPoll* poll)
        : cancelled_(cancelled), poll_(poll) {}

    bool stop_requested() const override {
        if (cancelled_.load(std::memory_order_relaxed)) return true;
        if (!poll_ || !poll_->cancelled()) return false;
        cancelled_.store(true, std::memory_order_relaxed);
        return true;
    }

private:
    std::atomic<bool>& cancelled_;
    InterruptPoll* poll_;
};

}  // namespace ds
