#include "core/spares.h"

#include <algorithm>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ds {

Spares::Piece Spares::remove(int at) noexcept {
    const Piece piece = pieces_[at];
    std::copy(pieces_ + at + 1, pieces_ + count_, pieces_ + at);
    --count_;
    bytes_ -= piece.bytes;
    return piece;
}

void* Spares::take(Index bytes) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    for (int i = count_; i-- > 0;)
        if (pieces_[i].bytes == bytes) return remove(i).memory;
    return nullptr;
}

bool Spares::keep(void* memory, Index bytes) noexcept {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)  // which sees no use of what was not freed
    if (bytes > kMost) return false;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    constexpr Index kPage = Index(1) << 16;  // or less: what is left of the last one may be another's
    if (!lock || madvise(memory, static_cast<std::size_t>(bytes / kPage * kPage), MADV_FREE) != 0)
        return false;
    while (count_ == kPieces || bytes_ + bytes > kMost) std::free(remove(0).memory);
    pieces_[count_++] = {memory, bytes};
    bytes_ += bytes;
    return true;
#else
    (void)memory, (void)bytes;
    return false;
#endif
}

bool Spares::clear() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || count_ == 0) return false;
    while (count_ > 0) std::free(remove(0).memory);
    return true;
}

}  // namespace ds
