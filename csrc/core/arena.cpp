#include "core/arena.h"

#include <cstdlib>
#include <new>

#include "core/spares.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ds {
namespace {

constexpr Index kHugePage = Index(2) << 20;

// Large pieces begin on a huge page.
bool large(Index bytes) { return bytes >= kHugePage; }

// Never destroyed: the last buffers go when the process does.
Spares& spares() {
    static Spares& all = *new Spares;
    return all;
}

}  // namespace

void* allocate_aligned(Index bytes) {
    if (bytes == 0) return nullptr;
    const Index alignment = large(bytes) ? kHugePage : kAlignment;
    void* memory = large(bytes) ? spares().take(bytes) : nullptr;
    if (memory != nullptr) return memory;
    const auto fails = [&] {
        return posix_memalign(&memory, static_cast<std::size_t>(alignment),
                              static_cast<std::size_t>(bytes)) != 0;
    };
    // What lies there unused may be what is missing.
    if (fails() && (!large(bytes) || !spares().clear() || fails())) throw std::bad_alloc();
#if defined(__linux__)
    // Whole huge pages only; a refusal changes nothing but speed.
    if (large(bytes)) madvise(memory, static_cast<std::size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
#endif
    return memory;
}

void free_aligned(void* memory, Index bytes) noexcept {
    if (large(bytes) && spares().keep(memory, bytes)) return;
    std::free(memory);
}

}  // namespace ds
