// Random numbers where lanes are threads: dropout masks, uniform and normal numbers, with the bits and the
// layout that kernels/random/random_table.h defines. Lane l makes block `first` + l of a group, and word w of
// it decides column 16·w + l. Of narrow rows, which share a group, every number makes its block anew.
#pragma once
#include "core/random/philox.h"
#include "core/sparse_matrix.h"
#include "formulas/box_muller.h"
#include "kernels/random/random_table.h"

DS_ISA_BEGIN

// The counter of a draw but for its first word.
struct DrawCounter {
    std::uint64_t key;
    std::uint32_t step, epoch, stream;

    DS_INLINE PhiloxBlock block(std::uint32_t c0) const {
        return philox4x32(key, {{c0, step, epoch, stream}});
    }
};

DS_INLINE std::uint32_t word_of(const PhiloxBlock& block, int w) {
    return w < 2 ? (w == 0 ? block.word[0] : block.word[1]) : (w == 2 ? block.word[2] : block.word[3]);
}

// Each has at(): the number of a group's column, from the block that decides it.
template <class T>
struct MaskDraw : DrawCounter {
    std::uint32_t keep_threshold;
    T scale;

    DS_INLINE T at(const PhiloxBlock& block, int column) const {
        return word_of(block, column / 16) < keep_threshold ? scale : T(0);
    }
};

template <class T>
struct UniformDraw : DrawCounter {
    static DS_INLINE T number(std::uint32_t word) {
        return (T(std::int32_t(word >> 9)) + T(0.5)) * T(0x1p-23);
    }
    DS_INLINE T at(const PhiloxBlock& block, int column) const { return number(word_of(block, column / 16)); }
};

template <class T>
struct NormalDraw : UniformDraw<T> {
    DS_INLINE T at(const PhiloxBlock& block, int column) const {
        const int first = column / 32 * 2;
        const NormalPair<T> pair =
            normal_pair(this->number(word_of(block, first)), this->number(word_of(block, first + 1)));
        return column % 32 < 16 ? pair.first : pair.second;
    }
};

// The first counter word of a group's sixteen blocks; it wraps.
DS_INLINE std::uint32_t first_block(Index group) { return std::uint32_t(std::uint64_t(group) * 16); }

template <class T, class Draw>
DS_INLINE void draw_rows(const Matrix<T>& out, const RandomRows& rows, Draw draw) {
    const bool narrow = out.cols < kRandomGroup;
    const Index per_group = narrow && out.cols > 0 ? kRandomGroup / out.cols : 1,
                groups = (out.cols + kRandomGroup - 1) / kRandomGroup;
    for (Index r = 0; r < out.rows; ++r) {
        const RandomRows::Row row = rows.row(r);
        draw.stream = row.stream;
        if (narrow) {
            for (Index j = lane_id(); j < out.cols; j += 16) {
                const int column = int(row.index % per_group * out.cols + j);
                const std::uint32_t c0 = first_block(row.index / per_group) + std::uint32_t(column % 16);
                out.row(r)[j] = draw.at(draw.block(c0), column);
            }
            continue;
        }
        for (Index g = 0; g < groups; ++g) {
            const std::uint32_t c0 = first_block(row.index * groups + g) + std::uint32_t(lane_id());
            const PhiloxBlock block = draw.block(c0);
            for (int column = lane_id(); column < kRandomGroup; column += 16) {
                const Index j = g * kRandomGroup + column;
                if (j < out.cols) out.row(r)[j] = draw.at(block, column);
            }
        }
    }
}

DS_INLINE DrawCounter draw_counter(const RandomRows& r) { return {r.key, r.step, r.epoch, r.stream}; }

template <class T>
DS_KERNEL void dropout_mask(const Matrix<T>& mask, const RandomRows& rows, std::uint32_t keep_threshold,
                            T scale) {
    draw_rows(mask, rows, MaskDraw<T>{draw_counter(rows), keep_threshold, scale});
}
template <class T>
DS_KERNEL void uniform_rows(const Matrix<T>& out, const RandomRows& rows) {
    draw_rows(out, rows, UniformDraw<T>{draw_counter(rows)});
}
template <class T>
DS_KERNEL void normal_rows(const Matrix<T>& out, const RandomRows& rows) {
    draw_rows(out, rows, NormalDraw<T>{{draw_counter(rows)}});
}

template <class T>
DS_KERNEL void dropout_entries(T* value, const Column* column, Index n, Index cols, Index row,
                               std::uint64_t key, std::uint32_t step, std::uint32_t epoch,
                               std::uint32_t stream, std::uint32_t keep_threshold, T scale) {
    const bool narrow = cols < kRandomGroup;
    const Index per_group = narrow ? kRandomGroup / cols : 1,
                groups = (cols + kRandomGroup - 1) / kRandomGroup;
    const Index group = narrow ? row / per_group : row * groups, offset = narrow ? row % per_group * cols : 0;
    const MaskDraw<T> draw{{key, step, epoch, stream}, keep_threshold, scale};
    for (Index e = lane_id(); e < n; e += 16) {
        const Index at = offset + column[e];
        const int in_group = int(at % kRandomGroup);
        const std::uint32_t c0 = first_block(group + at / kRandomGroup) + std::uint32_t(in_group % 16);
        value[e] = value[e] * draw.at(draw.block(c0), in_group);
    }
}

DS_KERNEL inline void philox_words(std::uint32_t* words, const std::uint32_t* counters, Index n,
                                   std::uint64_t key) {
    for (Index i = lane_id(); i < n; i += 16) {
        PhiloxBlock block = {
            {counters[4 * i], counters[4 * i + 1], counters[4 * i + 2], counters[4 * i + 3]}};
        block = philox4x32(key, block);
        for (int w = 0; w < 4; ++w) words[4 * i + w] = block.word[w];
    }
}

DS_ISA_END
