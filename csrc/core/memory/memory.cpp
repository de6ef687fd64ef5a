#include "core/memory/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/memory/block_cache.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ds {
namespace {

constexpr Index kHugePage = Index(2) << 20;

// Large pieces begin on a huge page.
bool large(Index bytes) { return bytes >= kHugePage; }

// Never destroyed: some buffers are freed after static destructors have run.
BlockCache& block_cache() {
    static BlockCache& all = *new BlockCache;
    return all;
}

}  // namespace

HostMemory& host_memory() {
    static HostMemory& memory = *new HostMemory;  // never destroyed, as above
    return memory;
}

void* HostMemory::allocate(Index bytes) {
    if (bytes == 0) return nullptr;
    const Index alignment = large(bytes) ? kHugePage : kAlignment;
    void* memory = large(bytes) ? block_cache().take(bytes) : nullptr;
    if (memory != nullptr) return memory;
    const auto fails = [&] {
        return posix_memalign(&memory, static_cast<std::size_t>(alignment),
                              static_cast<std::size_t>(bytes)) != 0;
    };
    // The cached blocks may be the memory that is missing.
    if (fails() && (!large(bytes) || !block_cache().clear() || fails())) throw std::bad_alloc();
#if defined(__linux__)
    // Whole huge pages only. A refusal costs speed and nothing else.
    if (large(bytes)) madvise(memory, static_cast<std::size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
#endif
    return memory;
}

void HostMemory::free(void* memory, Index bytes) noexcept {
    if (large(bytes) && block_cache().put(memory, bytes)) return;
    std::free(memory);
}

void HostMemory::fill_bytes(void* to, int byte, Index bytes) {
    if (bytes > 0) std::memset(to, byte, static_cast<std::size_t>(bytes));
}

void HostMemory::copy_bytes(void* to, const void* from, Index bytes) {
    if (bytes > 0) std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

}  // namespace ds
