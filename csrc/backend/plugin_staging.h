// Copies of host memory that a list of commands reads on a device.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/memory/memory.h"

namespace ds {

inline constexpr Index kStagingBytes = Index(1) << 18;

// Memory of the device for copies of host memory, which are uploaded together, and for a number that a command writes.
class Staging {
public:
    explicit Staging(Memory& memory) : memory_(memory), number_(memory, 1) { add_chunk(kStagingBytes); }

    const void* copy(const void* from, Index bytes) {
        while (chunk_ + 1 < chunks_.size() && chunks_[chunk_].used + bytes > chunks_[chunk_].device.size())
            ++chunk_;
        if (chunks_[chunk_].used + bytes > chunks_[chunk_].device.size())
            add_chunk(std::max(bytes, kStagingBytes));
        Chunk& chunk = chunks_[chunk_];
        std::memcpy(chunk.host.data() + chunk.used, from, static_cast<std::size_t>(bytes));
        const void* const to = chunk.device.data() + chunk.used;
        chunk.used = (chunk.used + bytes + kAlignment - 1) / kAlignment * kAlignment;
        return to;
    }
    void upload() {
        for (Chunk& chunk : chunks_)
            if (chunk.used > 0)
                memory_.from_host(chunk.device.data(), chunk.host.data(),
                                  std::min(chunk.used, chunk.device.size()));
    }
    // Later copies may overwrite these, in the order of the device's operations.
    void reuse() {
        for (Chunk& chunk : chunks_) chunk.used = 0;
        chunk_ = 0;
    }
    double* number() { return number_.data(); }
    double read_number() {
        double value = 0.0;
        memory_.to_host(&value, number_.data(), 1);
        return value;
    }

private:
    struct Chunk {
        Buffer<std::byte> device;
        HostArray<std::byte> host;
        Index used = 0;
    };
    void add_chunk(Index bytes) {
        chunks_.push_back({Buffer<std::byte>(memory_, bytes), HostArray<std::byte>(bytes), 0});
        chunk_ = chunks_.size() - 1;
    }

    Memory& memory_;
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;  // that the next copy goes to
    Buffer<double> number_;
};

}  // namespace ds
