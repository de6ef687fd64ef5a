// A trained scale of every input of the first dense layer (Holzmüller et al. 2024): y = x·(1 + rate·weight), where the
// weights begin at 0. Under Adam and its relatives the scale learns at `rate` times the learning rate. Without dense
// layers behind it, it would be a diagonal weight.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

template <class T>
class InputScale final : public Layer<T> {
public:
    // Adds `name`.weight to the table.
    InputScale(ParameterTable& table, const std::string& name, Index width, double rate)
        : Layer<T>(width, width, {}), rate_(static_cast<T>(rate)) {
        weight_ = table[table.add(name + ".weight", ParameterKind::kNormWeight, 1, width)].offset;
    }

    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}
    Index scratchpad_size(const LayerBuffers<T>&) const override {
        return 2 * leading_dim<T>(this->outputs_);
    }

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override {
        exec.backend->multiply(buffers.y, layer_input.x, scales(exec, rows.end), rows);
    }

    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override {
        if (!layer_input.d) return;
        exec.backend->multiply(layer_input.d, buffers.d, scales(exec, rows.end), rows);
        exec.backend->activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
    }

    void weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         const LayerBuffers<T>& buffers, Share share) const override {
        const Range cols = share.of(this->outputs_, 16), all{0, exec.batch};
        if (cols.empty()) return;
        T* const dweight = exec.grads + weight_ + cols.begin;
        exec.backend->norm_weight_gradient(
            {.dweight = dweight, .dy = buffers.d.block(all, cols), .n = layer_input.x.block(all, cols)});
        const Matrix<T> row = row_vector(dweight, cols.size());
        exec.backend->scale(row, rate_, row, {0, 1});
    }

    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>&,
               Index rows) const override {
        exec.backend->multiply(y, x, scales(exec, rows), {0, rows});
    }

private:
    // The scales as rows of a matrix, in the worker's scratchpad.
    Matrix<const T> scales(const ExecContext<T>& exec, Index rows) const {
        T* const scratchpad = exec.worker.scratchpad;
        const Index n = this->outputs_;
        const Matrix<T> scale = row_vector(scratchpad, n),
                        ones = row_vector(scratchpad + leading_dim<T>(n), n);
        exec.backend->fill(ones, T(1), {0, 1});
        exec.backend->scale(scale, rate_, row_vector(exec.params + weight_, n), {0, 1});
        exec.backend->add(scale, ones, {0, 1});
        return repeated_row<const T>(scratchpad, rows, n);
    }

    T rate_;
    Index weight_ = 0;  // offset
};

}  // namespace ds
