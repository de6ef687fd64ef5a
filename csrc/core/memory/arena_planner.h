// One aligned allocation for many arrays. A function allocates them from an ArenaPlanner and runs
// twice, first to measure and then to place the arrays, so that the two cannot disagree:
//
//   Buffer<T> memory = allocate_planned<T>(device.memory, [&](ArenaPlanner& planner) {
//       y = planner.matrix<T>(rows, cols);
//   });
//
// Nothing here clears memory, and the training loop allocates nothing.
#pragma once
#include <cstddef>

#include "core/check.h"
#include "core/memory/memory.h"
#include "core/view.h"

namespace ds {

// Elements from one row to the next: a multiple of 64 bytes (rows stay aligned), but never of 4096 bytes (a
// column of a power-of-two matrix would fall into one cache set). Rows shorter than 64 bytes are not padded.
template <class T>
Index leading_dim(Index cols) {
    constexpr Index kLine = kAlignment / static_cast<Index>(sizeof(T));
    if (cols < kLine) return cols;
    const Index ld = checked_round_up(cols, kLine);
    return ld % (64 * kLine) == 0 ? checked_add(ld, kLine) : ld;
}

class ArenaPlanner {
public:
    ArenaPlanner() = default;  // measures: allocate() returns null
    ArenaPlanner(void* memory, Index bytes) : base_(static_cast<std::byte*>(memory)), limit_(bytes) {}

    // The next rows x ld elements, on a 64-byte boundary.
    template <class T>
    T* allocate(Index rows, Index ld) {
        const Index bytes = checked_mul(checked_mul(rows, ld), sizeof(T));
        const Index begin = used_;
        used_ = checked_add(begin, checked_round_up(bytes, kAlignment));
        if (base_ == nullptr) return nullptr;
        if (used_ > limit_)
            throw std::logic_error("ArenaPlanner: the second run allocates more than the first");
        return reinterpret_cast<T*>(base_ + begin);
    }

    // A matrix whose rows have the leading dimension of their width.
    template <class T>
    Matrix<T> matrix(Index rows, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return {allocate<T>(rows, ld), rows, cols, ld};
    }

    Index bytes() const { return used_; }
    // Elements of a Buffer<T> that holds everything allocated so far.
    template <class T>
    Index elements() const {
        return used_ / static_cast<Index>(sizeof(T));
    }

private:
    std::byte* base_ = nullptr;
    Index used_ = 0;
    Index limit_ = 0;
};

// Elements of a Buffer<T> for everything that allocate(planner) allocates.
template <class T, class Allocate>
Index planned_size(const Allocate& allocate) {
    ArenaPlanner measure;
    allocate(measure);
    return measure.elements<T>();
}

// Runs allocate(planner) to measure, then again to place the arrays in the buffer that is returned.
template <class T, class Allocate>
Buffer<T> allocate_planned(Memory& memory, const Allocate& allocate) {
    Buffer<T> buffer(memory, planned_size<T>(allocate));
    ArenaPlanner planner(buffer.data(), buffer.bytes());
    allocate(planner);
    return buffer;
}

}  // namespace ds
