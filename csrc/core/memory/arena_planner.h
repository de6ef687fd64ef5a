// Memory: one aligned allocation for many arrays. A function allocates them from an ArenaPlanner and runs
// twice, first to measure and then to place the arrays, so that the two cannot disagree:
//
//   Buffer<T> memory = allocate_planned<T>([&](ArenaPlanner& planner) { y = planner.matrix<T>(rows, cols); });
//
// Nothing here clears memory, and the training loop allocates nothing.
#pragma once
#include <cstddef>
#include <utility>

#include "core/check.h"
#include "core/types.h"
#include "core/view.h"

namespace ds {

inline constexpr Index kAlignment = 64;

// Memory of `bytes` bytes on a 64-byte boundary, null for 0. Throws std::bad_alloc. Large blocks ask for huge
// pages, and freed ones may be reused (core/memory/block_cache.h).
void* allocate_aligned(Index bytes);
void free_aligned(void* memory, Index bytes) noexcept;

// Elements from one row to the next: a multiple of 64 bytes (rows stay aligned), but never of 4096 bytes (a
// column of a power-of-two matrix would fall into one cache set). Rows shorter than 64 bytes are not padded.
template <class T>
Index leading_dim(Index cols) {
    constexpr Index kLine = kAlignment / static_cast<Index>(sizeof(T));
    if (cols < kLine) return cols;
    const Index ld = checked_round_up(cols, kLine);
    return ld % (64 * kLine) == 0 ? checked_add(ld, kLine) : ld;
}

// An owned, uninitialised array. Moves, never copies.
template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(Index n)
        : data_(static_cast<T*>(allocate_aligned(checked_mul(n, sizeof(T))))), size_(n) {}
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Buffer() { free_aligned(data_, bytes()); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    Index size() const { return size_; }
    Index bytes() const { return size_ * static_cast<Index>(sizeof(T)); }
    T& operator[](Index i) { return data_[i]; }
    const T& operator[](Index i) const { return data_[i]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

private:
    T* data_ = nullptr;
    Index size_ = 0;
};

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
Buffer<T> allocate_planned(const Allocate& allocate) {
    Buffer<T> memory(planned_size<T>(allocate));
    ArenaPlanner planner(memory.data(), memory.bytes());
    allocate(planner);
    return memory;
}

}  // namespace ds
