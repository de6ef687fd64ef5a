// The interface of the kernels for random numbers. Upper layers include only this file; core/random/init.h draws
// initial values.
#pragma once
#include <cstdint>

#include "core/sparse_matrix.h"
#include "core/view.h"

namespace ds {

inline constexpr int kRandomGroup = 64;  // columns that sixteen blocks decide

// The random numbers of the rows of a matrix. Row i has those of index first + i, or, with numbers, those of
// index first + number[i]. With a length, index first + number[i] / length has one stream for each
// number[i] % length, from `stream` on.
struct RandomRows {
    std::uint64_t key = 0;
    std::uint32_t step = 0, epoch = 0;
    std::uint32_t stream = 0;  // the whole last word of the counter: stream_word(purpose, stream)
    Index first = 0;
    const Index* number = nullptr;
    Index length = 0;

    struct Row {
        Index index;
        std::uint32_t stream;
    };
    [[gnu::always_inline]] constexpr Row row(Index i) const {
        if (number == nullptr) return {first + i, stream};
        if (length == 0) return {first + number[i], stream};
        return {first + number[i] / length, stream + (std::uint32_t(number[i] % length) << 8)};
    }
};

template <class T>
struct RandomKernels {
    // A dropout mask: `scale` where the element's word is below keep_threshold, else 0. Index r owns groups =
    // ceil(cols / 64) groups of 64 columns; word w of block (c0 = (r * groups + g) * 16 + l mod 2^32, step,
    // epoch, stream) decides column g * 64 + w * 16 + l. Of rows of less than 64 columns n = 64 / cols share a
    // group: index r has columns r mod n * cols and on of group r / n.
    void (*dropout_mask)(const Matrix<T>& mask, const RandomRows& rows, std::uint32_t keep_threshold,
                         T scale) = nullptr;
    // Multiplies the n entries of a sparse row by their elements of row `row` of the same mask, which has
    // `cols` columns.
    void (*dropout_entries)(T* value, const Column* column, Index n, Index cols, Index row, std::uint64_t key,
                            std::uint32_t step, std::uint32_t epoch, std::uint32_t stream,
                            std::uint32_t keep_threshold, T scale) = nullptr;
    // The same rows and words as numbers in (0, 1), and as standard normal numbers: columns c and c + 16 of every 32
    // are a pair.
    void (*uniform)(const Matrix<T>& out, const RandomRows& rows) = nullptr;
    void (*normal)(const Matrix<T>& out, const RandomRows& rows) = nullptr;
    // words (n, 4) of counters (n, 4), by the vector code of the masks; for tests.
    void (*philox)(std::uint32_t* words, const std::uint32_t* counters, Index n, std::uint64_t key) = nullptr;
};

}  // namespace ds
