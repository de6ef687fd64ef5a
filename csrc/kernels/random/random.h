// Philox4x32-10 in vectors, and the dropout masks, uniform and normal numbers made of it. Words live in the lower
// halves of 64-bit lanes, where a multiplication finds them and leaves its high half one shift away; the upper halves
// are garbage until the end. Scalar form and reference: core/random/philox.h.
#pragma once
#include "formulas/box_muller.h"
#include "kernels/random/random_table.h"
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

// 0, step, 2·step, … in 64-bit lanes.
DS_INLINE IVec<double> counting(std::int64_t step) {
    constexpr int W = Vec<double>::W;
    alignas(64) std::int64_t n[W];
    for (int i = 0; i < W; ++i) n[i] = i * step;
    double d[W];
    __builtin_memcpy(d, n, sizeof d);
    return bits(load<double>(d));
}

// Sixteen blocks from `first` on decide 64 columns. In a double's lane block k does so by itself; a float is half a
// lane, so even and odd blocks are made apart and laid together.
struct PhiloxGroup {
    std::uint64_t key;
    std::uint32_t step, epoch, stream;

    DS_INLINE PhiloxLanes blocks(IVec<double> c0) const {
        return philox_lanes(key, {{c0, IVec<double>(step), IVec<double>(epoch), IVec<double>(stream)}});
    }
};

// Dropout mask from random words: `scale` if the word is below the threshold, else 0.
template <class T>
struct MaskGroup : PhiloxGroup {
    std::int64_t threshold;
    T scale;

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

// The words' upper 23 bits as uniform numbers ((w >> 9) + 1/2) / 2^23, never 0 or 1, the same in both precisions.
template <class T>
struct UniformGroup : PhiloxGroup {
    DS_INLINE void make(T* out, std::uint32_t first) const {
        constexpr int W = Vec<double>::W;
        const IVec<double> low(kLowHalf);
        constexpr int kStep = sizeof(T) == 8 ? W : 2 * W;
        for (int l = 0; l < 16; l += kStep) {
            const IVec<double> base(std::uint32_t(first + l));
            const PhiloxLanes even = blocks(base + counting(kStep / W));
            PhiloxLanes odd{};
            if constexpr (sizeof(T) == 4) odd = blocks(base + counting(2) + IVec<double>(1));
            for (int w = 0; w < 4; ++w) {
                IVec<double> words = even.word[w] & low;
                if constexpr (sizeof(T) == 4) words = words | (odd.word[w] << 32);
                const Vec<double> lanes = from_bits(words);
                T raw[kStep];
                __builtin_memcpy(raw, &lanes, sizeof lanes);
                for (int i = 0; i < kStep; i += Vec<T>::W) {
                    const Vec<T> n = to_float(shift_right_logical(bits(load<T>(raw + i)), 9));
                    store(out + w * 16 + l + i, (n + Vec<T>(T(0.5))) * Vec<T>(T(0x1p-23)));
                }
            }
        }
    }
};

// Columns c and c + 16 of every 32 are a pair: words 0 and 1, or 2 and 3, of one block.
template <class T>
struct NormalGroup : UniformGroup<T> {
    DS_INLINE void make(T* out, std::uint32_t first) const {
        UniformGroup<T>::make(out, first);
        for (int half = 0; half < kRandomGroup; half += 32)
            for (int i = half; i < half + 16; i += Vec<T>::W) {
                const NormalPair<Vec<T>> n = normal_pair(load(out + i), load(out + i + 16));
                store(out + i, n.first);
                store(out + i + 16, n.second);
            }
    }
};

template <class T>
DS_INLINE void copy_drawn(T* to, const T* from, Index n) {
    constexpr Index W = Vec<T>::W;
    for (Index j = 0; j < n; j += W)
        storen(to + j, loadn(from + j, n - j < W ? n - j : W), n - j < W ? n - j : W);
}

// Rows of 64 columns a group, the last of them in part.
template <class T, class Group>
DS_INLINE void draw_wide(T* out, Index ld, Index row0, Index rows, Index cols, const Group& group) {
    const Index groups = (cols + kRandomGroup - 1) / kRandomGroup;
    alignas(64) T drawn[kRandomGroup];
    for (Index r = 0; r < rows; ++r) {
        const auto block = std::uint32_t(std::uint64_t((row0 + r) * groups) * 16);
        for (Index g = 0; g < groups; ++g) {
            T* const to = out + r * ld + g * kRandomGroup;
            const Index left = cols - g * kRandomGroup;
            group.make(left < kRandomGroup ? drawn : to, block + std::uint32_t(g) * 16);
            if (left < kRandomGroup) copy_drawn(to, drawn, left);
        }
    }
}

// Narrow rows share a group. Some groups are drawn before any is read: a read waits for the stores that it spans.
template <class T, class Group>
DS_INLINE void draw_narrow(T* out, Index ld, Index row0, Index rows, Index cols, const Group& group) {
    constexpr Index kTogether = 4;
    const Index each = kRandomGroup / cols;
    alignas(64) T drawn[kTogether * kRandomGroup];
    Index number = row0 / each, place = row0 % each;
    while (rows > 0) {
        const Index needed = (place + rows + each - 1) / each,
                    groups = needed < kTogether ? needed : kTogether;
        for (Index g = 0; g < groups; ++g)
            group.make(drawn + g * kRandomGroup, std::uint32_t(std::uint64_t(number + g) * 16));
        for (Index g = 0; g < groups; ++g, place = 0)
            for (; place < each && rows > 0; ++place, --rows, out += ld)
                copy_drawn(out, drawn + g * kRandomGroup + place * cols, cols);
        number += groups;
    }
}

// Narrow rows with numbers. Those that follow each other in one group share it.
template <class T, class Group>
DS_INLINE void draw_narrow_numbers(const Matrix<T>& out, const RandomRows& rows, Group group) {
    constexpr Index kTogether = 4, kMostRows = 64;
    const Index each = kRandomGroup / out.cols;
    alignas(64) T drawn[kTogether * kRandomGroup];
    Index begin[kMostRows];
    for (Index r = 0; r < out.rows;) {
        Index count = 0, groups = 0, number = 0;
        for (; count < kMostRows && r + count < out.rows; ++count) {
            const RandomRows::Row row = rows.row(r + count);
            const Index its_number = row.index / each;
            if (groups == 0 || its_number != number || row.stream != group.stream) {
                if (groups == kTogether) break;
                number = its_number;
                group.stream = row.stream;
                group.make(drawn + groups++ * kRandomGroup, std::uint32_t(std::uint64_t(number) * 16));
            }
            begin[count] = (groups - 1) * kRandomGroup + (row.index - number * each) * out.cols;
        }
        for (Index i = 0; i < count; ++i) copy_drawn(out.row(r + i), drawn + begin[i], out.cols);
        r += count;
    }
}

template <class T, class Group>
DS_INLINE void draw_rows(const Matrix<T>& out, const RandomRows& rows, Group group) {
    if (out.cols == 0) return;
    if (rows.number == nullptr) {
        if (out.cols >= kRandomGroup) return draw_wide(out.p, out.ld, rows.first, out.rows, out.cols, group);
        return draw_narrow(out.p, out.ld, rows.first, out.rows, out.cols, group);
    }
    if (out.cols < kRandomGroup) return draw_narrow_numbers(out, rows, group);
    for (Index r = 0; r < out.rows; ++r) {
        const RandomRows::Row row = rows.row(r);
        group.stream = row.stream;
        draw_wide(out.row(r), out.ld, row.index, 1, out.cols, group);
    }
}

DS_INLINE PhiloxGroup philox_group(const RandomRows& r) { return {r.key, r.step, r.epoch, r.stream}; }

template <class T>
void dropout_mask(const Matrix<T>& mask, const RandomRows& rows, std::uint32_t keep_threshold, T scale) {
    draw_rows(mask, rows, MaskGroup<T>{philox_group(rows), keep_threshold, scale});
}
// The position in a row tells the group, the word and the block, as in draw_wide and draw_narrow.
template <class T>
void dropout_entries(T* value, const Column* column, Index n, Index cols, Index row, std::uint64_t key,
                     std::uint32_t step, std::uint32_t epoch, std::uint32_t stream,
                     std::uint32_t keep_threshold, T scale) {
    constexpr int W = Vec<double>::W;
    const bool narrow = cols < kRandomGroup;
    const Index each = narrow ? kRandomGroup / cols : 1, groups = (cols + kRandomGroup - 1) / kRandomGroup;
    const Index first = narrow ? row / each : row * groups, place = narrow ? row % each * cols : 0;
    const PhiloxGroup philox{key, step, epoch, stream};
    for (Index i = 0; i < n; i += W) {
        const Index lanes = n - i < W ? n - i : W;
        std::int64_t block[W] = {}, word[4][W];
        for (Index l = 0; l < lanes; ++l) {
            const Index at = place + column[i + l];
            block[l] = std::uint32_t(std::uint64_t(first + at / kRandomGroup) * 16 + std::uint64_t(at % 16));
        }
        IVec<double> counters;
        __builtin_memcpy(&counters, block, sizeof block);
        const PhiloxLanes drawn = philox.blocks(counters);
        for (int w = 0; w < 4; ++w) __builtin_memcpy(word[w], &drawn.word[w], sizeof word[w]);
        for (Index l = 0; l < lanes; ++l) {
            const Index at = place + column[i + l];
            const auto drawn_word = std::uint32_t(word[at % kRandomGroup / 16][l]);
            value[i + l] = value[i + l] * (drawn_word < keep_threshold ? scale : T(0));
        }
    }
}

template <class T>
void uniform_rows(const Matrix<T>& out, const RandomRows& rows) {
    draw_rows(out, rows, UniformGroup<T>{philox_group(rows)});
}
template <class T>
void normal_rows(const Matrix<T>& out, const RandomRows& rows) {
    draw_rows(out, rows, NormalGroup<T>{{philox_group(rows)}});
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
    return {dropout_mask<T>, dropout_entries<T>, uniform_rows<T>, normal_rows<T>, philox_words};
}

DS_ISA_END
