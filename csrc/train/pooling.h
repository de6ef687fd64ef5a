// From the steps of a sequence to one row of features, and back: the last ones, their mean or their maxima.
#pragma once
#include <algorithm>

#include "layers/sequence.h"
#include "train/sequences.h"

namespace ds {

// `y` holds the steps, packed; `h` the last states, by row. With maxima, `best` (one number a column) is where they
// lie, the earliest of equals: found by pool(), and read by the others.
template <class T>
struct Pooling {
    Output kind = Output::kLast;
    Index width = 0;
    const SequenceLayout* layout = nullptr;

    Index packed(Index row, Index t) const { return layout->offset[t] + row; }

    void pool(Index row, Matrix<const T> y, Matrix<const T> h, Index* best, T* out) const {
        if (kind == Output::kMax) {
            std::fill_n(best, width, Index(0));
            std::copy_n(y.row(row), width, out);
            for (Index t = 1; t < layout->length[row]; ++t) {
                const T* step = y.row(packed(row, t));
                for (Index j = 0; j < width; ++j)
                    if (step[j] > out[j]) out[j] = step[j], best[j] = t;
            }
        } else {
            linear(row, y, h, out);
        }
    }

    // The same of tangents: a linear map, at the maxima that were found.
    void tangent(Index row, Matrix<const T> y, Matrix<const T> h, const Index* best, T* out) const {
        if (kind != Output::kMax) return linear(row, y, h, out);
        for (Index j = 0; j < width; ++j) out[j] = y.row(packed(row, best[j]))[j];
    }

    // The gradients by the steps; those by the last states are d itself.
    void backward(Index row, const T* d, const Index* best, Matrix<T> dy) const {
        const Index length = layout->length[row];
        for (Index t = 0; t < length; ++t) {
            T* step = dy.row(packed(row, t));
            if (kind == Output::kMean)
                for (Index j = 0; j < width; ++j) step[j] = d[j] / static_cast<T>(length);
            else
                for (Index j = 0; j < width; ++j) step[j] = best[j] == t ? d[j] : T(0);
        }
    }

private:
    void linear(Index row, Matrix<const T> y, Matrix<const T> h, T* out) const {
        if (kind == Output::kLast) {
            if (out != h.row(row)) std::copy_n(h.row(row), width, out);
            return;
        }
        std::fill_n(out, width, T(0));
        for (Index t = 0; t < layout->length[row]; ++t) {
            const T* step = y.row(packed(row, t));
            for (Index j = 0; j < width; ++j) out[j] += step[j];
        }
        for (Index j = 0; j < width; ++j) out[j] /= static_cast<T>(layout->length[row]);
    }
};

}  // namespace ds
