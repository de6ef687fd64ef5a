#include "core/memory/block_cache.h"

#include <algorithm>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ds {

BlockCache::Block BlockCache::remove(int at) noexcept {
    const Block block = blocks_[at];
    std::copy(blocks_ + at + 1, blocks_ + count_, blocks_ + at);
    --count_;
    bytes_ -= block.bytes;
    return block;
}

void* BlockCache::take(Index bytes) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    for (int i = count_; i-- > 0;)
        if (blocks_[i].bytes == bytes) return remove(i).memory;
    return nullptr;
}

bool BlockCache::put(void* memory, Index bytes) noexcept {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)  // cached blocks would hide a use after free
    if (bytes > kMaxBytes) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    constexpr Index kPage = Index(1) << 16;  // at most: the rest of the last page may belong to another block
    if (!lock || madvise(memory, static_cast<std::size_t>(bytes / kPage * kPage), MADV_FREE) != 0)
        return false;
    while (count_ == kMaxBlocks || bytes_ + bytes > kMaxBytes) std::free(remove(0).memory);
    blocks_[count_++] = {memory, bytes};
    bytes_ += bytes;
    return true;
#else
    (void)memory, (void)bytes;
    return false;
#endif
}

bool BlockCache::clear() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || count_ == 0) return false;
    while (count_ > 0) std::free(remove(0).memory);
    return true;
}

}  // namespace ds
