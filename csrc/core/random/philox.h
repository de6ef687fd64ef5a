// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011), one block
// at a time. A counter-based generator: its words are a function of (key, counter) alone, so it has no state
// and any worker can draw any number. kernels/random/random.h is the vector form. Both equal Random123's
// known-answer vectors.
#pragma once
#include <cstdint>

namespace ds {

struct PhiloxBlock {
    std::uint32_t word[4];
};

// key: the seed's low and high half.
constexpr PhiloxBlock philox4x32(std::uint64_t key, PhiloxBlock c) {
    auto k0 = static_cast<std::uint32_t>(key);
    auto k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c.word[0];
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c.word[2];
        c = {{static_cast<std::uint32_t>(p1 >> 32) ^ c.word[1] ^ k0, static_cast<std::uint32_t>(p1),
              static_cast<std::uint32_t>(p0 >> 32) ^ c.word[3] ^ k1, static_cast<std::uint32_t>(p0)}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

}  // namespace ds
