// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011), one block
// at a time. A counter-based generator: the words are a function of (key, counter) alone, so there is no
// state to keep and any worker can draw any number. kernels/random.h is the vector form; both equal
// Random123's known-answer vectors.
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

// What a number is for: the last word of the counter is stream | layer << 8.
enum class Stream : std::uint32_t {
    kInit = 0,
    kShuffle = 1,
    kDropout = 2,  // 3 and 4: splits and generated text, drawn in Python
    kLatent = 5,   // from here on: adversaries
    kMix = 6,
    kNoise = 7,
    kAugment = 8,
    kGumbel = 9
};

constexpr std::uint32_t stream_word(Stream stream, std::uint32_t layer) {
    return static_cast<std::uint32_t>(stream) | layer << 8;
}

}  // namespace ds
