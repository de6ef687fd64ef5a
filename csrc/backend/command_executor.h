// Runs lists of commands on a backend, one after the other.
#pragma once
#include <cstdint>

#include "backend/commands.h"
#include "core/memory/memory.h"

namespace ds {

template <class T>
class CommandExecutor {
public:
    // With a seed, commands between two sync points run in random order, which must not change a bit.
    void shuffle(std::uint64_t seed) { seed_ = seed, shuffles_ = true; }

    void run(const CommandList<T>& list, const Backend<T>& backend);

private:
    HostArray<T> scratchpad_;
    std::vector<Index> order_;
    std::uint64_t seed_ = 0;
    std::uint32_t groups_ = 0;  // that were shuffled
    bool shuffles_ = false;
};

}  // namespace ds
