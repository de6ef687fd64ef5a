// The memory layout of a batch of sequences: packed and time-major, as PyTorch's PackedSequence. Rows are
// sorted by length, longest first, so step t has the first active[t] rows, and there is no padding. A view
// that owns nothing.
#pragma once
#include "core/view.h"

namespace ds {

struct SequenceLayout {
    Index rows = 0;                 // sequences
    Index steps = 0;                // of the longest
    Index total = 0;                // steps of all
    const Index* length = nullptr;  // by row, descending
    const Index* active = nullptr;  // by step
    const Index* offset = nullptr;  // by step: the packed row of row 0; `steps` + 1 of them

    bool even() const { return total == rows * steps; }

    // Packed rows of step t that belong to these rows.
    Range at(Index t, Range batch_rows) const {
        const Index end = batch_rows.end < active[t] ? batch_rows.end : active[t];
        return batch_rows.begin < end ? Range{offset[t] + batch_rows.begin, offset[t] + end} : Range{};
    }

    // A worker's rows. They are contiguous, so that each step of a worker is contiguous in memory, and each
    // worker has about the same number of steps.
    Range rows_of(Share share) const {
        if (share.workers == 1) return {0, rows};
        return {first(share.worker, share.workers), first(share.worker + 1, share.workers)};
    }

private:
    Index first(Index worker, Index workers) const {
        if (even()) return rows * worker / workers;
        const Index target = total * worker / workers;
        Index row = 0;
        for (Index sum = 0; row < rows && 2 * sum + length[row] <= 2 * target; ++row) sum += length[row];
        return worker == workers ? rows : row;
    }
};

// Fills active and offset (steps and steps + 1 elements) from the lengths.
inline SequenceLayout make_layout(Index rows, const Index* length, Index* active, Index* offset) {
    SequenceLayout layout{rows, rows > 0 ? length[0] : 0, 0, length, active, offset};
    Index running = rows;
    for (Index t = 0; t < layout.steps; ++t) {
        while (running > 0 && length[running - 1] <= t) --running;
        active[t] = running;
        offset[t] = layout.total;
        layout.total += running;
    }
    offset[layout.steps] = layout.total;
    return layout;
}

}  // namespace ds
