// Minibatch standard deviation (Karras et al. 2018): adds one feature, the mean standard deviation within
// each group of `group` consecutive rows. kernels/gan/minibatch_stddev.h has the formulas. A range of rows
// consists of whole groups.
#pragma once
#include "layers/layer.h"

namespace ds {

template <class T>
class MinibatchStddev final : public Layer<T> {
public:
    MinibatchStddev(Index inputs, Index group) : Layer<T>(inputs, inputs + 1, {}), group_(group) {}

    bool trainable() const override { return false; }
    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}
    Index scratchpad_size(const LayerBuffers<T>&) const override {
        return (group_ + 1) * ld();
    }  // for infer()

    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override {
        Layer<T>::allocate_buffers(planner, batch, buffers);
        buffers.aux = planner.matrix<T>(batch, this->inputs_);
        buffers.stats = planner.allocate<T>(batch / group_, ld());
    }

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override {
        exec.backend->minibatch_stddev_forward(arguments(buffers.y, layer_input.x, buffers, rows));
    }

    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override {
        if (!layer_input.d) return;
        exec.backend->minibatch_stddev_backward(arguments(layer_input.d, buffers.d, buffers, rows));
        finish_backward(exec, layer_input, rows);
    }

    LayerBuffers<T> tangent_view(const LayerBuffers<T>& buffers, Index base, Index first) const override {
        LayerBuffers<T> v = Layer<T>::tangent_view(buffers, base, first);
        v.stats = buffers.stats + first / group_ * ld();
        return v;
    }

    void tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                 Range rows) const override {
        exec.backend->minibatch_stddev_tangent(arguments(view.y, layer_input.x, view, rows));
    }

    bool has_second_order() const override { return true; }
    void double_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         LayerBuffers<T>& buffers, const LayerInput<T>& tangent_input,
                         const LayerBuffers<T>& view, Index first, Range rows) const override {
        if (!layer_input.d) return;
        const Range of_batch{first + rows.begin, first + rows.end};
        MinibatchStddevArgs<T> a = arguments(layer_input.d, buffers.d, buffers, of_batch);
        a.x_dot = tangent_input.x.row_slice(rows);
        a.dy_dot = view.d.row_slice(rows);
        exec.backend->minibatch_stddev_double_backward(a);
        finish_backward(exec, layer_input, of_batch);
    }

    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>&,
               Index rows) const override {
        LayerBuffers<T> buffers;
        buffers.aux = {exec.worker.scratchpad, group_, this->inputs_, ld()};
        buffers.stats = exec.worker.scratchpad + group_ * ld();
        for (Index r = 0; r < rows; r += group_)
            exec.backend->minibatch_stddev_forward(
                arguments(y.rows_from(r), x.rows_from(r), buffers, {0, group_}));
    }

private:
    Index ld() const { return leading_dim<T>(this->inputs_); }

    MinibatchStddevArgs<T> arguments(Matrix<T> y, Matrix<const T> x, const LayerBuffers<T>& buffers,
                                     Range rows) const {
        MinibatchStddevArgs<T> a;
        a.group = group_;
        a.y = y.row_slice(rows);
        a.x = x.row_slice(rows);
        a.c = buffers.aux.row_slice(rows);
        a.t = {buffers.stats + rows.begin / group_ * ld(), rows.size() / group_, this->inputs_, ld()};
        return a;
    }

    void finish_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, Range rows) const {
        exec.backend->activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
    }

    Index group_;
};

}  // namespace ds
