// Memory of a device whose operations run later. Copies and frees wait for them, and the recorder can ask which
// addresses belong to it.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>

#include "core/memory/memory.h"

namespace ds {

class RecordedMemory final : public Memory {
public:
    // wait() runs the operations that this thread has called.
    RecordedMemory(Memory& memory, void (*wait)()) : memory_(memory), wait_(wait) {}

    void* allocate(Index bytes) override;
    void free(void* memory, Index bytes) noexcept override;
    bool is_host() const override { return memory_.is_host(); }

    // Calls f(begin, bytes) for each allocation.
    template <class F>
    void each(const F& f) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const auto& [begin, end] : ends_) f(const_cast<std::byte*>(begin), end - begin);
    }
    // The end of the allocation that the address lies in; null: not this memory.
    const std::byte* end_of(const void* address) const;

protected:
    void fill_bytes(void* to, int byte, Index bytes) override;
    void copy_bytes(void* to, const void* from, Index bytes) override;
    void bytes_to_host(void* to, const void* from, Index bytes) override;
    void bytes_from_host(void* to, const void* from, Index bytes) override;

private:
    Memory& memory_;
    void (*wait_)();
    mutable std::mutex mutex_;
    std::map<const std::byte*, const std::byte*> ends_;  // of allocations, by their begin
};

}  // namespace ds
