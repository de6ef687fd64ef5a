// The caller's sequences, read in place: one array with the values or tokens of all of them, and the start
// and length of each. Padded and concatenated arrays both have this form.
#pragma once
#include <algorithm>
#include <cstdint>

#include "core/view.h"

namespace ds {

// The steps of the top layer that the head reads, and the kind of targets.
enum class Output : int { kLast, kMean, kMax, kSequence, kNext, kCtc };
inline constexpr const char* kOutputNames[] = {"last", "mean", "max", "sequence", "next", "ctc"};

constexpr bool has_stepwise_output(Output o) { return o >= Output::kSequence; }
// Whether each step has a loss, instead of each sequence.
constexpr bool has_stepwise_loss(Output o) { return o == Output::kSequence || o == Output::kNext; }

template <class T>
struct Sequences {
    const T* values = nullptr;  // (…, cols), or null: tokens
    Index cols = 0;
    const Index* tokens = nullptr;
    const Index* start = nullptr;   // by sequence: its first row
    const Index* length = nullptr;  // by sequence
    Index count = 0;
};

// Targets: a row of `target` or a label for each sequence; or one for each step, from index `first` on; or
// `labels` labels from index `first` on (CTC). Weights: one for each sequence, or for each step from index
// `weight_first` on.
template <class T>
struct SequenceSet {
    Sequences<T> x;
    const T* target = nullptr;
    Index target_cols = 0;
    const Index* label = nullptr;
    const Index* first = nullptr;
    const Index* labels = nullptr;
    const T* weight = nullptr;
    const Index* weight_first = nullptr;
    bool next = false;  // the targets are the inputs of the next step; the last step has none

    Index steps(Index i) const { return x.length[i] - (next ? 1 : 0); }
    Index longest() const {
        Index most = 0;
        for (Index i = 0; i < x.count; ++i) most = std::max(most, steps(i));
        return most;
    }
    bool ragged() const {
        for (Index i = 1; i < x.count; ++i)
            if (x.length[i] != x.length[0]) return true;
        return false;
    }
};

}  // namespace ds
