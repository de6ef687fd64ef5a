// Large pieces of memory given back lately, for the next one of their size. Fits of one model follow each other, a
// batch or an epoch at a time, and the kernel would clear every page of a new piece. What lies here is offered to the
// kernel meanwhile, which takes it when memory is short. Not an allocator: arena.cpp is.
#pragma once
#include <mutex>

#include "core/types.h"

namespace ds {

class Spares {
public:
    static constexpr Index kMost = Index(256) << 20;  // bytes of all of them
    static constexpr int kPieces = 4;

    // A piece of exactly so many bytes, with anything in it, or null.
    void* take(Index bytes) noexcept;
    // Keeps a piece that posix_memalign made, and frees the oldest for it; false: there is no room, it is still the
    // caller's.
    bool keep(void* memory, Index bytes) noexcept;
    // Frees them all; false if there was none.
    bool clear() noexcept;

private:
    struct Piece {
        void* memory = nullptr;
        Index bytes = 0;
    };

    Piece remove(int at) noexcept;

    // Only ever tried: nobody waits here, and a child of fork() that inherits it locked does without.
    std::mutex mutex_;
    Piece pieces_[kPieces];  // the oldest first
    int count_ = 0;
    Index bytes_ = 0;
};

}  // namespace ds
