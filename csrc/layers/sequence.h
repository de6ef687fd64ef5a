// How the sequences of a batch lie in memory: packed and time-major, as PyTorch's PackedSequence. Rows are sorted
// by length, longest first, so the rows that are still running at step t are the first active[t], and nothing is
// padded. Owns nothing.
#pragma once
#include "backend/view.h"

namespace ds {

struct SequenceLayout {
    Index rows = 0;                 // sequences
    Index steps = 0;                // of the longest
    Index total = 0;                // steps of all
    const Index* length = nullptr;  // by row, descending
    const Index* active = nullptr;  // by step
    const Index* offset = nullptr;  // by step: the packed row of row 0; `steps` + 1 of them

    bool even() const { return total == rows * steps; }

    // Packed rows of rows `own` at step t.
    Range at(Index t, Range own) const {
        const Index end = own.end < active[t] ? own.end : active[t];
        return own.begin < end ? Range{offset[t] + own.begin, offset[t] + end} : Range{};
    }

    // A worker's rows: neighbours, so that each worker's steps are runs of memory, and about as many steps for each.
    Range own(Share share) const {
        if (share.workers == 1) return {0, rows};
        return {first(share.worker, share.workers), first(share.worker + 1, share.workers)};
    }

private:
    Index first(Index worker, Index workers) const {
        if (even()) return rows * worker / workers;
        const Index before = total * worker / workers;
        Index row = 0;
        for (Index sum = 0; row < rows && 2 * sum + length[row] <= 2 * before; ++row) sum += length[row];
        return worker == workers ? rows : row;
    }
};

// Fills active and offset from the lengths: room for the longest's steps, and one more offset.
inline SequenceLayout lay_out(Index rows, const Index* length, Index* active, Index* offset) {
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
