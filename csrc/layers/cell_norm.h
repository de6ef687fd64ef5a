// Layer normalisation inside a recurrent cell (Ba et al. 2016, without the cell state's): of x·W_ih and of h·W_hh, each
// over all gates, with a gain each; the biases are the cell's own. The formulas are kernels/norm.h.
#pragma once
#include <algorithm>

#include "layers/layer.h"

namespace ds {

// What one of the two keeps of a batch, by packed row.
template <class T>
struct CellNormTape {
    Matrix<T> n;         // normalised sums
    Matrix<T> raw;       // room for sums on the way up; the gradient by them on the way back
    T* scale = nullptr;  // 1 / deviation
    Matrix<T> linear;    // of tangents only: the sums' own
};

template <class T>
class CellNorm {
public:
    static constexpr double kEps = 1e-5;

    CellNorm() = default;
    CellNorm(Index weight, Index bias, Index cols) : weight_(weight), bias_(bias), cols_(cols) {}
    explicit operator bool() const { return cols_ > 0; }

    void carve(Carver& carver, Index total, bool training, CellNormTape<T>& tape) const {
        const Index ld = leading_dim<T>(cols_);
        tape.raw = {carver.take<T>(total, ld), ld};
        if (!training) return;
        tape.n = {carver.take<T>(total, ld), ld};
        tape.scale = carver.take<T>(total, 1);
    }

    // What tangents keep, and the gradients by them; the rest is the batch's.
    void carve_tangent(Carver& carver, Index total, CellNormTape<T>& moved, CellNormTape<T>& by) const {
        const Index ld = leading_dim<T>(cols_);
        moved.raw = {carver.take<T>(total, ld), ld};
        moved.n = {carver.take<T>(total, ld), ld};
        moved.linear = {carver.take<T>(total, ld), ld};
        by.raw = {carver.take<T>(total, ld), ld};
    }

    // y = normalised(y)·weight + bias, in place.
    void forward(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<T> y, Range packed) const {
        NormForward<T> f;
        f.rows = packed.size();
        f.cols = cols_;
        f.x = f.y = y.row(packed.begin);
        f.ldx = f.ldy = y.ld;
        if (tape.n) {
            f.n = tape.n.row(packed.begin);
            f.ldn = tape.n.ld;
            f.row_scale = tape.scale + packed.begin;
        }
        f.weight = pass.params + weight_;
        if (bias_ >= 0) f.bias = pass.params + bias_;
        f.eps = static_cast<T>(kEps);
        pass.backend->norm().layer_forward(f);
    }

    // y = the tangent of what forward() made, from that of the sums; what is kept lies in `moved`. The tangent of n is
    // what the way back makes of a gradient by n: the map is its own adjoint.
    void tangent(const Pass<T>& pass, const CellNormTape<T>& tape, const CellNormTape<T>& moved, Matrix<T> y,
                 Range packed) const {
        pass.backend->copy(moved.linear, y, packed, cols_);
        NormBackward<T> b = arguments(pass, tape, moved.linear, packed);
        b.dx = moved.n.row(packed.begin);
        b.lddx = moved.n.ld;
        b.weight = nullptr;
        pass.backend->norm().layer_backward(b);
        pass.backend->multiply(y, moved.n, {pass.params + weight_, 0}, packed, cols_);
    }

    // tape.raw = the gradient by the sums, from that by what forward() made of them.
    void backward(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy, Range packed) const {
        pass.backend->norm().layer_backward(arguments(pass, tape, dy, packed));
    }

    // The same over the sums and their tangents: e is the gradient by what tangent() made of them.
    void backward_bent(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy,
                       const CellNormTape<T>& moved, Matrix<const T> e, Range packed) const {
        NormBackwardBent<T> b;
        b.back = arguments(pass, tape, dy, packed);
        b.e = e.row(packed.begin);
        b.lde = e.ld;
        b.linear = moved.linear.row(packed.begin);
        b.ldl = moved.linear.ld;
        b.moved = moved.n.row(packed.begin);
        b.ldm = moved.n.ld;
        pass.backend->norm().layer_backward_bent(b);
    }

    // Gradients by weight and bias, some columns of them; `accumulate`: added to what is there.
    void weight_gradient(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy, Range packed,
                         Range cols, bool accumulate) const {
        if (cols.empty()) return;
        if (accumulate) {
            add_gain_gradient(pass, tape, dy, packed, cols);
            if (bias_ >= 0) pass.backend->column_sums(pass.grads + bias_, dy, packed, cols, true);
            return;
        }
        NormWeightGradient<T> g = gradient(tape, dy, packed, cols);
        g.dweight = pass.grads + weight_ + cols.begin;
        if (bias_ >= 0) g.dbias = pass.grads + bias_ + cols.begin;
        pass.backend->norm().weight_gradient(g);
    }

    // Added to the gain's gradient, in chunks of rows as all sums.
    void add_gain_gradient(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy, Range packed,
                           Range cols) const {
        alignas(64) T sums[64];
        for (Index j = cols.begin; j < cols.end; j += 64)
            for (Index row = packed.begin; row < packed.end; row += kSumChunk) {
                const Range part{row, std::min(row + kSumChunk, packed.end)};
                NormWeightGradient<T> g = gradient(tape, dy, part, {j, std::min<Index>(j + 64, cols.end)});
                g.dweight = sums;
                pass.backend->norm().weight_gradient(g);
                pass.backend->add({pass.grads + weight_ + j, 0}, {sums, 0}, {0, 1}, g.cols);
            }
    }

private:
    NormBackward<T> arguments(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy,
                              Range packed) const {
        NormBackward<T> b;
        b.rows = packed.size();
        b.cols = cols_;
        if (tape.raw) b.dx = tape.raw.row(packed.begin);
        b.lddx = tape.raw.ld;
        b.dy = dy.row(packed.begin);
        b.lddy = dy.ld;
        b.n = tape.n.row(packed.begin);
        b.ldn = tape.n.ld;
        b.weight = pass.params + weight_;
        b.row_scale = tape.scale + packed.begin;
        return b;
    }
    NormWeightGradient<T> gradient(const CellNormTape<T>& tape, Matrix<const T> dy, Range rows,
                                   Range cols) const {
        NormWeightGradient<T> g;
        g.rows = g.bias_rows = rows.size();
        g.cols = cols.size();
        g.dy = dy.row(rows.begin) + cols.begin;
        g.lddy = dy.ld;
        g.n = tape.n.row(rows.begin) + cols.begin;
        g.ldn = tape.n.ld;
        return g;
    }

    Index weight_ = 0, bias_ = -1, cols_ = 0;
};

}  // namespace ds
