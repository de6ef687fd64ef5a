// Philox4x32-10 in vectors, and the dropout masks made of it. Words live in the lower halves of 64-bit lanes,
// where a multiplication finds them and leaves its high half one shift away; the upper halves are garbage
// until the end. Scalar form and reference: core/philox.h.
#pragma once
#include "kernels/random_table.h"
#include "simd/wide_product.h"

DS_ISA_BEGIN

struct PhiloxLanes {
    IVec<double> word[4];
};

DS_INLINE PhiloxLanes philox_lanes(std::uint64_t key, PhiloxLanes c) {
    std::uint32_t k0 = std::uint32_t(key), k1 = std::uint32_t(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const IVec<double> p0 = wide_product(c.word[0], 0xD2511F53u),
                           p1 = wide_product(c.word[2], 0xCD9E8D57u);
        c.word[0] = shift_right_logical(p1, 32) ^ c.word[1] ^ IVec<double>(k0);
        c.word[1] = p1;
        c.word[2] = shift_right_logical(p0, 32) ^ c.word[3] ^ IVec<double>(k1);
        c.word[3] = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

inline constexpr std::int64_t kLowHalf = 0xffffffff;
inline constexpr int kGroup = 64;  // columns that sixteen blocks decide

// 0, step, 2·step, … in 64-bit lanes.
DS_INLINE IVec<double> counting(std::int64_t step) {
    constexpr int W = Vec<double>::W;
    alignas(64) std::int64_t n[W];
    for (int i = 0; i < W; ++i) n[i] = i * step;
    double d[W];
    __builtin_memcpy(d, n, sizeof d);
    return bits(load<double>(d));
}

// Sixteen blocks from `first` on make the 64 columns at `out`. In a double's lane block k decides by itself;
// a float is half a lane, so even and odd blocks are made apart and laid together.
template <class T>
struct MaskGroup {
    std::uint64_t key;
    std::uint32_t step, epoch, stream;
    std::int64_t threshold;
    T scale;

    DS_INLINE PhiloxLanes blocks(IVec<double> c0) const {
        return philox_lanes(key, {{c0, IVec<double>(step), IVec<double>(epoch), IVec<double>(stream)}});
    }
    // Negative, so with a full upper half, where the word is below the threshold; else the upper half is 0.
    DS_INLINE IVec<double> verdict(IVec<double> word) const {
        return (word & IVec<double>(kLowHalf)) - IVec<double>(threshold);
    }

    DS_INLINE void make(T* out, std::uint32_t first) const {
        constexpr int W = Vec<double>::W;
        if constexpr (sizeof(T) == 8) {
            const IVec<double> value = bits(Vec<double>(scale));
            for (int l = 0; l < 16; l += W) {
                const PhiloxLanes p = blocks(IVec<double>(std::uint32_t(first + l)) + counting(1));
                for (int w = 0; w < 4; ++w) {
                    const IVec<double> keep = IVec<double>(0) - shift_right_logical(verdict(p.word[w]), 63);
                    store(out + w * 16 + l, from_bits(keep & value));
                }
            }
        } else {
            const std::int64_t half = std::uint32_t(bits(float(scale)));
            const IVec<double> value(half | std::int64_t(std::uint64_t(half) << 32));
            for (int l = 0; l < 16; l += 2 * W) {
                const IVec<double> c0 = IVec<double>(std::uint32_t(first + l)) + counting(2);
                const PhiloxLanes even = blocks(c0), odd = blocks(c0 + IVec<double>(1));
                for (int w = 0; w < 4; ++w) {
                    const IVec<double> keep = shift_right_logical(verdict(even.word[w]), 32) |
                                              (verdict(odd.word[w]) & IVec<double>(~kLowHalf));
                    const Vec<double> pair = from_bits(keep & value);
                    __builtin_memcpy(out + w * 16 + l, &pair, sizeof pair);
                }
            }
        }
    }
};

template <class T>
void dropout_mask(T* mask, Index ld, Index row0, Index rows, Index cols, std::uint64_t key,
                  std::uint32_t step, std::uint32_t epoch, std::uint32_t stream, std::uint32_t keep_threshold,
                  T scale) {
    const MaskGroup<T> group{key, step, epoch, stream, keep_threshold, scale};
    const Index groups = (cols + kGroup - 1) / kGroup;
    for (Index r = 0; r < rows; ++r) {
        T* row = mask + r * ld;
        for (Index g = 0; g < groups; ++g) {
            const auto first = std::uint32_t(std::uint64_t((row0 + r) * groups + g) * 16);
            const Index left = cols - g * kGroup;
            if (left >= kGroup) {
                group.make(row + g * kGroup, first);
            } else {
                alignas(64) T rest[kGroup];
                group.make(rest, first);
                for (Index j = 0; j < left; ++j) row[g * kGroup + j] = rest[j];
            }
        }
    }
}

// The same rounds over given counters, for tests.
inline void philox_words(std::uint32_t* words, const std::uint32_t* counters, Index n, std::uint64_t key) {
    constexpr int W = Vec<double>::W;
    for (Index i = 0; i < n; i += W) {
        const Index now = n - i < W ? n - i : W;
        std::int64_t lane[4][W] = {};
        for (Index j = 0; j < now; ++j)
            for (int w = 0; w < 4; ++w) lane[w][j] = counters[(i + j) * 4 + w];
        PhiloxLanes c;
        for (int w = 0; w < 4; ++w) __builtin_memcpy(&c.word[w], lane[w], sizeof lane[w]);
        c = philox_lanes(key, c);
        for (int w = 0; w < 4; ++w) __builtin_memcpy(lane[w], &c.word[w], sizeof lane[w]);
        for (Index j = 0; j < now; ++j)
            for (int w = 0; w < 4; ++w) words[(i + j) * 4 + w] = std::uint32_t(lane[w][j]);
    }
}

template <class T>
constexpr RandomKernels<T> random_kernels() {
    return {dropout_mask<T>, philox_words};
}

DS_ISA_END
