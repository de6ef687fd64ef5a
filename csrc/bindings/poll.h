// Ctrl-C inside long calls: takes the GIL for a moment, at most every 20 ms, and asks Python for pending signals. When
// it answers true, Python's error is set and the binding raises it once the engine has returned.
#pragma once
#include <pybind11/pybind11.h>

#include <chrono>

#include "train/step.h"

namespace ds {

class SignalPoll final : public Poll {
public:
    bool cancelled() override {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) return false;
        next_ = now + std::chrono::milliseconds(20);
        const pybind11::gil_scoped_acquire gil;
        return PyErr_CheckSignals() != 0;
    }

private:
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
};

}  // namespace ds
