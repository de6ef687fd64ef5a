// Layer normalisation inside a recurrent cell (Ba et al. 2016, without that of the cell state): of x·W_ih and
// of h·W_hh, each over all gates and with its own gain; the biases are the cell's. The formulas:
// kernels/norm/norm.h.
#pragma once
#include <algorithm>

#include "layers/layer.h"

namespace ds {

// The buffers of one of the two normalisations for a batch, by packed row.
template <class T>
struct CellNormBuffers {
    Matrix<T> n;         // the normalised projection
    Matrix<T> raw;       // forward: scratch for the projection; backward: the gradient with respect to it
    T* scale = nullptr;  // 1 / standard deviation
    Matrix<T> x_dot;     // tangents only: the tangent of the projection
};

template <class T>
class CellNorm {
public:
    static constexpr double kEps = 1e-5;

    CellNorm() = default;
    CellNorm(Index weight, Index bias, Index cols) : weight_(weight), bias_(bias), cols_(cols) {}
    explicit operator bool() const { return cols_ > 0; }

    void init_parameters(T* params) const { std::fill_n(params + weight_, cols_, T(1)); }

    void allocate_buffers(ArenaPlanner& planner, Index total, bool training,
                          CellNormBuffers<T>& buffers) const {
        buffers.raw = planner.matrix<T>(total, cols_);
        if (!training) return;
        buffers.n = planner.matrix<T>(total, cols_);
        buffers.scale = planner.allocate<T>(total, 1);
    }

    // The buffers of the tangents and of the gradients with respect to them; the rest is shared with the
    // batch.
    void allocate_tangent(ArenaPlanner& planner, Index total, CellNormBuffers<T>& dot,
                          CellNormBuffers<T>& d_dot) const {
        dot.raw = planner.matrix<T>(total, cols_);
        dot.n = planner.matrix<T>(total, cols_);
        dot.x_dot = planner.matrix<T>(total, cols_);
        d_dot.raw = planner.matrix<T>(total, cols_);
    }

    // y = normalised(y)·weight + bias, in place.
    void forward(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers, Matrix<T> y,
                 Range packed) const {
        NormForward<T> f;
        f.x = f.y = y.row_slice(packed);
        f.n = buffers.n.row_slice(packed);
        if (buffers.n) f.row_scale = buffers.scale + packed.begin;
        f.weight = exec.params + weight_;
        if (bias_ >= 0) f.bias = exec.params + bias_;
        f.eps = static_cast<T>(kEps);
        exec.backend->layer_norm_forward(f);
    }

    // y = the tangent of forward()'s result, from the tangent of the projection; `dot` keeps it for
    // double_backward. The linear map from x to n is its own adjoint, so the tangent of n is computed by the
    // backward kernel.
    void tangent(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers, const CellNormBuffers<T>& dot,
                 Matrix<T> y, Range packed) const {
        exec.backend->copy(dot.x_dot, y, packed);
        NormBackward<T> b = arguments(exec, buffers, dot.x_dot, packed);
        b.dx = dot.n.row_slice(packed);
        b.weight = nullptr;
        exec.backend->layer_norm_backward(b);
        exec.backend->multiply(y, dot.n, repeated_row(exec.params + weight_, packed.end, cols_), packed);
    }

    // buffers.raw = the gradient with respect to the projection, from dy with respect to forward()'s result.
    void backward(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers, Matrix<const T> dy,
                  Range packed) const {
        exec.backend->layer_norm_backward(arguments(exec, buffers, dy, packed));
    }

    // The backward pass of forward() and tangent() together. dy_dot: the gradient with respect to tangent()'s
    // result.
    void double_backward(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers, Matrix<const T> dy,
                         const CellNormBuffers<T>& dot, Matrix<const T> dy_dot, Range packed) const {
        NormDoubleBackward<T> b;
        b.backward = arguments(exec, buffers, dy, packed);
        b.dy_dot = dy_dot.row_slice(packed);
        b.x_dot = dot.x_dot.row_slice(packed);
        b.n_dot = dot.n.row_slice(packed);
        exec.backend->layer_norm_double_backward(b);
    }

    // Some columns of the gradients with respect to weight and bias. `accumulate` adds to the old values.
    void weight_gradient(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers, Matrix<const T> dy,
                         Range packed, Range cols, bool accumulate, bool with_bias = true) const {
        if (cols.empty()) return;
        NormWeightGradient<T> g;
        g.bias_rows = packed.size();
        g.dy = dy.block(packed, cols);
        g.n = buffers.n.block(packed, cols);
        g.dweight = exec.grads + weight_ + cols.begin;
        if (with_bias && bias_ >= 0) g.dbias = exec.grads + bias_ + cols.begin;
        g.accumulate = accumulate;
        exec.backend->norm_weight_gradient(g);
    }

private:
    NormBackward<T> arguments(const ExecContext<T>& exec, const CellNormBuffers<T>& buffers,
                              Matrix<const T> dy, Range packed) const {
        NormBackward<T> b;
        b.dx = buffers.raw.row_slice(packed);
        b.dy = dy.row_slice(packed);
        b.n = buffers.n.row_slice(packed);
        b.weight = exec.params + weight_;
        b.row_scale = buffers.scale + packed.begin;
        return b;
    }

    Index weight_ = 0, bias_ = -1, cols_ = 0;
};

}  // namespace ds
