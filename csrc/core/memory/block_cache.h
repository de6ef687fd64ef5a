// Cache of freed large blocks, for the next allocation of the same size. Fits of one model follow each other,
// and the kernel would clear every page of a new block. Cached pages are offered to the kernel (MADV_FREE),
// which takes them when memory is short.
#pragma once
#include <mutex>

#include "core/types.h"

namespace ds {

class BlockCache {
public:
    static constexpr Index kMaxBytes = Index(256) << 20;  // of all blocks together
    static constexpr int kMaxBlocks = 4;

    // A block of exactly `bytes` bytes with unspecified contents, or null.
    void* take(Index bytes) noexcept;
    // Stores a block that posix_memalign allocated, and frees the oldest ones for it. False: the cache cannot
    // hold it, and it still belongs to the caller.
    bool put(void* memory, Index bytes) noexcept;
    // Frees all blocks; false if there was none.
    bool clear() noexcept;

private:
    struct Block {
        void* memory = nullptr;
        Index bytes = 0;
    };

    Block remove(int at) noexcept;

    // Locked by try_lock only: no thread waits, and the child of a fork() that inherits it locked bypasses the
    // cache.
    std::mutex mutex_;
    Block blocks_[kMaxBlocks];  // the oldest first
    int count_ = 0;
    Index bytes_ = 0;
};

}  // namespace ds
