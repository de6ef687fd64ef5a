// Giving up long work on the way. Between parts of it every worker asks its Halt whether the rest is still wanted; the
// caller's thread in turn asks a Poll, whoever that speaks for, and all workers hear its answer.
#pragma once
#include <atomic>

namespace ds {

class Poll {
public:
    virtual ~Poll() = default;
    virtual bool cancelled() = 0;
};

// Once asked() has said yes, what is left undone does not matter; barriers are met all the same.
class Halt {
public:
    virtual ~Halt() = default;
    virtual bool asked() const = 0;
};

// One worker's: `given_up` is everybody's, `poll` that of the caller's thread alone and null for the others.
class HaltByPoll final : public Halt {
public:
    HaltByPoll(std::atomic<bool>& given_up, Poll* poll) : given_up_(given_up), poll_(poll) {}

    bool asked() const override {
        if (given_up_.load(std::memory_order_relaxed)) return true;
        if (!poll_ || !poll_->cancelled()) return false;
        given_up_.store(true, std::memory_order_relaxed);
        return true;
    }

private:
    std::atomic<bool>& given_up_;
    Poll* poll_;
};

}  // namespace ds
