// Random numbers outside the kernels: initialisation and shuffling. They are functions of Philox's key and
// counter, and no function of libm decides a bit.
//
// Initialisation: counter (block low, block high, 0, kInit | stream << 8). A block gives two
// doubles, d = ((a >> 5)·2^26 + (b >> 6))·2^-53 from words (0, 1) and (2, 3), or two normals by Box-Muller
// from both, √(-2 log(1 - d0))·(cos 2πd1, sin 2πd1). Element e of a weight in PyTorch's (outputs, inputs)
// order takes number e % 2 of block e / 2, so it depends on the seed, the stream and its index only.
// Shuffling: counter (block low, block high, epoch, kShuffle), words in order, Lemire's
// bounded integers (ACM TOMACS 29, 2019): 32-bit words below 2^32 items, else pairs (low, high).
#pragma once
#include <cstdint>

#include "core/random/philox.h"
#include "core/random/rng_streams.h"
#include "core/types.h"

namespace ds {

// Two doubles in [0, 1), 53 bits each.
struct UniformPair {
    double a, b;
};
constexpr UniformPair uniform_pair(PhiloxBlock w) {
    const auto one = [](std::uint32_t hi, std::uint32_t lo) {
        return (static_cast<double>(hi >> 5) * 67108864.0 + static_cast<double>(lo >> 6)) * 0x1p-53;
    };
    return {one(w.word[0], w.word[1]), one(w.word[2], w.word[3])};
}
UniformPair normal_pair(PhiloxBlock w);  // two standard normals

// The words of one stream in order, and integers below a bound.
class RandomWords {
public:
    RandomWords(std::uint64_t seed, RngPurpose purpose, std::uint32_t stream, std::uint32_t epoch)
        : seed_(seed), epoch_(epoch), last_(stream_word(purpose, stream)) {}

    std::uint32_t next() {
        if (used_ == 4) {
            block_ = philox4x32(seed_, {{static_cast<std::uint32_t>(index_),
                                         static_cast<std::uint32_t>(index_ >> 32), epoch_, last_}});
            ++index_;
            used_ = 0;
        }
        return block_.word[used_++];
    }
    // Uniform on 0 … bound - 1; bound >= 1.
    std::uint64_t below(std::uint64_t bound);

private:
    std::uint64_t seed_;
    std::uint64_t index_ = 0;
    std::uint32_t epoch_, last_;
    int used_ = 4;
    PhiloxBlock block_{};
};

// Fisher-Yates in place, from the last item down. The permutation is a function of (n, seed, epoch).
void shuffle(Index* items, Index n, std::uint64_t seed, std::uint32_t epoch);

enum class Init {
    kGlorotUniform,
    kGlorotNormal,
    kHeUniform,
    kHeNormal,
    kLecunUniform,
    kLecunNormal,
    kOrthogonal,
    kNormal,
    kZeros
};
constexpr const char* kInitNames[] = {"glorot_uniform", "glorot_normal", "he_uniform",
                                      "he_normal",      "lecun_uniform", "lecun_normal",
                                      "orthogonal",     "normal",        "zeros"};

// A weight of a dense layer in PyTorch's layout, (outputs, inputs) contiguous; fan in = inputs, fan out =
// outputs.
//   glorot  variance 2/(in + out)·gain² (Glorot & Bengio 2010)      he     2/in·gain² (He et al. 2015)
//   lecun   1/in·gain² (LeCun et al. 1998)                          normal gain²
//   orthogonal: gain times orthonormal rows (columns, when outputs > inputs), Haar distributed (Stewart 1980)
template <class T>
void init_weights(T* w, Index inputs, Index outputs, Init init, double gain, std::uint64_t seed,
                  std::uint32_t stream);

// Dropout keeps a value if its word is below this.
constexpr std::uint32_t keep_threshold(double rate) {
    const double t = (1.0 - rate) * 4294967296.0;
    return t >= 4294967295.0 ? 4294967295u : static_cast<std::uint32_t>(t);
}

}  // namespace ds
