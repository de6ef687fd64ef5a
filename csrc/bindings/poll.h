// Ctrl-C during long calls: takes the GIL at most every 20 ms and lets Python handle pending signals. A
// handler may raise; the binding rethrows its exception once the engine has returned. Or it calls cancel()
// and raises later.
#pragma once
#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>

#include "core/threads/stop_token.h"

namespace ds {

class SignalInterruptPoll final : public InterruptPoll {
public:
    explicit SignalInterruptPoll(std::atomic<bool>* cancel = nullptr) : cancel_(cancel) {}

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
