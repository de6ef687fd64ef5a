#include "backend/recorded_memory.h"

#include <exception>

namespace ds {

void* RecordedMemory::allocate(Index bytes) {
    void* const memory = memory_.allocate(bytes);
    if (memory == nullptr) return nullptr;
    const auto* const begin = static_cast<const std::byte*>(memory);
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_[begin] = begin + bytes;
    return memory;
}

void RecordedMemory::free(void* memory, Index bytes) noexcept {
    if (memory == nullptr) return;
    try {
        wait_();
    } catch (const std::exception&) {  // NOLINT: a device that has failed says so in later calls
    }
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ends_.erase(static_cast<const std::byte*>(memory));
    }
    memory_.free(memory, bytes);
}

const std::byte* RecordedMemory::end_of(const void* address) const {
    const auto* const at = static_cast<const std::byte*>(address);
    const std::lock_guard<std::mutex> lock(mutex_);
    auto after = ends_.upper_bound(at);
    if (after == ends_.begin()) return nullptr;
    const std::byte* const end = (--after)->second;
    return at < end ? end : nullptr;
}

void RecordedMemory::fill_bytes(void* to, int, Index bytes) {
    wait_();
    memory_.fill_zero(static_cast<std::byte*>(to), bytes);
}

void RecordedMemory::copy_bytes(void* to, const void* from, Index bytes) {
    wait_();
    memory_.copy(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

void RecordedMemory::bytes_to_host(void* to, const void* from, Index bytes) {
    wait_();
    memory_.to_host(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

void RecordedMemory::bytes_from_host(void* to, const void* from, Index bytes) {
    wait_();
    memory_.from_host(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

}  // namespace ds
