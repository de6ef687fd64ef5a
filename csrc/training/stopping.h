// Early stopping: monitors one loss, remembers the best epoch, and stops after `patience` epochs without
// improvement. The trainer keeps the best weights.
#pragma once
#include "core/types.h"

namespace ds {

struct StoppingSpec {
    Index patience = 0;  // epochs without improvement before the run ends; 0: never stop
    double min_delta = 0.0;
    bool restore_best = true;
    bool on_validation = true;  // monitor the validation loss, else the training loss
};

struct StoppingState {
    double best = 0.0;
    Index best_epoch = -1;
    Index waited = 0;
    bool stopped = false;
};

enum class Verdict { kBetter, kWait, kStop };

inline Verdict update_stopping(const StoppingSpec& spec, StoppingState& state, Index epoch, double loss) {
    if (state.best_epoch < 0 || loss < state.best - spec.min_delta) {
        state.best = loss;
        state.best_epoch = epoch;
        state.waited = 0;
        return Verdict::kBetter;
    }
    if (++state.waited < spec.patience) return Verdict::kWait;
    state.stopped = true;
    return Verdict::kStop;
}

}  // namespace ds
