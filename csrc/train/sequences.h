// The caller's sequences, read in place: values or tokens of all of them in one array, and where each starts and
// ends. Padded arrays and plain ones are both that.
#pragma once
#include <algorithm>
#include <cstdint>

#include "backend/view.h"

namespace ds {

// Which steps of the top layer the head reads, and what it is held against.
enum class Output : int { kLast, kMean, kMax, kSequence, kNext, kCtc };
inline constexpr const char* kOutputNames[] = {"last", "mean", "max", "sequence", "next", "ctc"};

constexpr bool reads_every_step(Output o) { return o >= Output::kSequence; }
// One loss a step, not one a sequence.
constexpr bool judges_every_step(Output o) { return o == Output::kSequence || o == Output::kNext; }

template <class T>
struct Sequences {
    const T* values = nullptr;  // (…, cols), or null: tokens
    Index cols = 0;
    const Index* tokens = nullptr;
    const Index* start = nullptr;   // by sequence: its first row
    const Index* length = nullptr;  // by sequence
    Index count = 0;
};

// Targets of a sequence: a row of `target` or a label, by sequence; or one a step, from `first` on; or `labels` many
// labels (CTC). Weights by sequence, or by step from `weight_first` on.
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
    bool next = false;  // the targets are the inputs a step later, and the last step has none

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
