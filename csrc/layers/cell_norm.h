// Layer normalisation inside a recurrent cell (Ba et al. 2016, without the cell state's): of x·W_ih and of h·W_hh, each
// over all gates, with a gain each; the biases are the cell's own. The formulas are kernels/norm.h.
#pragma once
#include "layers/layer.h"

namespace ds {

// What one of the two keeps of a batch, by packed row.
template <class T>
struct CellNormTape {
    Matrix<T> n;         // normalised sums
    Matrix<T> raw;       // room for sums on the way up; the gradient by them on the way back
    T* scale = nullptr;  // 1 / deviation
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

    // tape.raw = the gradient by the sums, from that by what forward() made of them.
    void backward(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy, Range packed) const {
        NormBackward<T> b;
        b.rows = packed.size();
        b.cols = cols_;
        b.dx = tape.raw.row(packed.begin);
        b.lddx = tape.raw.ld;
        b.dy = dy.row(packed.begin);
        b.lddy = dy.ld;
        b.n = tape.n.row(packed.begin);
        b.ldn = tape.n.ld;
        b.weight = pass.params + weight_;
        b.row_scale = tape.scale + packed.begin;
        pass.backend->norm().layer_backward(b);
    }

    // Gradients by weight and bias, some columns of them.
    void weight_gradient(const Pass<T>& pass, const CellNormTape<T>& tape, Matrix<const T> dy, Index total,
                         Range cols) const {
        if (cols.empty()) return;
        NormWeightGradient<T> g;
        g.rows = total;
        g.bias_rows = total;
        g.cols = cols.size();
        g.dweight = pass.grads + weight_ + cols.begin;
        if (bias_ >= 0) g.dbias = pass.grads + bias_ + cols.begin;
        g.dy = dy.p + cols.begin;
        g.lddy = dy.ld;
        g.n = tape.n.p + cols.begin;
        g.ldn = tape.n.ld;
        pass.backend->norm().weight_gradient(g);
    }

private:
    Index weight_ = 0, bias_ = -1, cols_ = 0;
};

}  // namespace ds
