// Ctrl-C inside long calls: takes the GIL for a moment, at most every 20 ms, and lets Python handle pending
// signals. A handler either raises (the binding passes that on once the engine has returned) or calls
// cancel() and raises later.
#pragma once
#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>

#include "core/halt.h"

namespace ds {

class SignalPoll final : public Poll {
public:
    explicit SignalPoll(std::atomic<bool>* cancel = nullptr) : cancel_(cancel) {}

    bool cancelled() override {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) return false;
        next_ = now + kPause;
        const pybind11::gil_scoped_acquire gil;
        return PyErr_CheckSignals() != 0 || (cancel_ && cancel_->load(std::memory_order_relaxed));
    }

private:
    static constexpr std::chrono::milliseconds kPause{20};

    std::atomic<bool>* cancel_;
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kPause;
};

}  // namespace ds
