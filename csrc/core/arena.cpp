#include "core/arena.h"

#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ds {
namespace {

constexpr Index kHugePage = Index(2) << 20;

}  // namespace

void* allocate_aligned(Index bytes) {
    if (bytes == 0) return nullptr;
    const bool large = bytes >= kHugePage;
    void* memory = nullptr;
    if (posix_memalign(&memory, static_cast<std::size_t>(large ? kHugePage : kAlignment),
                       static_cast<std::size_t>(bytes)) != 0)
        throw std::bad_alloc();
#if defined(__linux__)
    // Whole huge pages only; a refusal changes nothing but speed.
    if (large) madvise(memory, static_cast<std::size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
#endif
    return memory;
}

void free_aligned(void* memory) noexcept { std::free(memory); }

}  // namespace ds
