// Pooling of a sequence's steps to one row of features: the last step, the mean or the maxima.
#pragma once
#include <algorithm>

#include "layers/recurrent/sequence_layout.h"
#include "rec/sequences.h"

namespace ds {

// `y` holds the packed steps, `h` the last states by row. For maxima, pool() writes the step of each column's
// maximum to `best` (the earliest of equals), and the other functions read it.
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

    // Pools tangents, with the maxima's steps of pool().
    void tangent(Index row, Matrix<const T> y, Matrix<const T> h, const Index* best, T* out) const {
        if (kind != Output::kMax) return linear(row, y, h, out);
        for (Index j = 0; j < width; ++j) out[j] = y.row(packed(row, best[j]))[j];
    }

    // The gradients with respect to the steps. (With kLast, d is the gradient with respect to the last
    // states.)
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
