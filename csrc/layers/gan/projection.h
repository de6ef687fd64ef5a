// Projection discriminator (Miyato & Koyama 2018): a score that depends on labels, s = act(w_r · h + b) with
// w_r = w + Σ_j E[j C + label_rj]. The sum runs over the pac labels of row r. The forward pass saves w_r; the
// dot product is summed in 16 lanes.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

template <class T>
class Projection final : public Layer<T> {
public:
    // Adds `name`.weight and .bias, and `embedding` with pac · classes rows. Both weights have the same kind
    // of initial values; those of `embedding` come from random stream `embedding_stream`.
    Projection(ParameterTable& table, const std::string& name, const WeightInit& init,
               const std::string& embedding, Index embedding_stream, Index inputs, Index classes, Index pac,
               bool bias, ActivationOf<T> activation)
        : Layer<T>(inputs, 1, activation),
          classes_(classes),
          pac_(pac),
          init_(init),
          embedding_stream_(embedding_stream) {
        table_weight_ = table.add(name + ".weight", ParameterKind::kWeight, inputs, 1);
        weight_ = table[table_weight_].offset;
        if (bias) bias_ = table[table.add(name + ".bias", ParameterKind::kBias, 1, 1)].offset;
        table_embedding_ = table.add(embedding, ParameterKind::kEmbedding, pac * classes, inputs);
        embedding_ = table[table_embedding_].offset;
        ld_ = table[table_embedding_].ld;
    }

    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const override {
        init_parameter(table[table_weight_], init_, seed, params);
        init_parameter(table[table_embedding_], {init_.kind, init_.gain, embedding_stream_}, seed, params);
    }

    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override {
        Layer<T>::allocate_buffers(planner, batch, buffers);
        buffers.aux = planner.matrix<T>(batch, this->inputs_);
    }

    void plan(const Backend<T>& backend, Index batch, bool training,
              LayerBuffers<T>& buffers) const override {
        if (training) buffers.backward_weight = backend.plan_backward_weight(batch, this->inputs_, 1, 1);
    }
    Index scratchpad_size(const LayerBuffers<T>& buffers) const override {
        return buffers.backward_weight.scratchpad_size();
    }

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override {
        ProjectionForward<T> a = arguments(exec, layer_input.x, buffers.saved, rows);
        a.weights = buffers.aux.row_slice(rows);
        exec.backend->projection_forward(a);
        exec.backend->activation_forward(buffers.y, buffers.saved, this->activation_, rows);
    }

    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override {
        if (!layer_input.d) return;
        exec.backend->scale_rows(layer_input.d, buffers.d, buffers.aux, rows);
        exec.backend->activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
    }

    void tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                 Range rows) const override {
        exec.backend->row_dots(view.y, layer_input.x, view.aux, rows);
        this->finish_tangent(exec, view, rows);
    }

    void weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         const LayerBuffers<T>& buffers, Share share) const override {
        const Index rows = exec.batch + exec.tangents;
        const LinearBackwardWeight<T> op{.plan = &buffers.backward_weight,
                                         .dw = {exec.grads + weight_, this->inputs_, 1},
                                         .dbias = bias_ < 0 ? nullptr : exec.grads + bias_,
                                         .dy = buffers.d,
                                         .x = layer_input.x,
                                         .inputs = this->inputs_,
                                         .outputs = 1,
                                         .batch = rows,
                                         .bias_batch = exec.batch};
        exec.backend->linear_backward_weight(op, share, exec.worker);
        const Range cols = share.of(this->inputs_, 16);
        if (cols.empty()) return;
        const Range all{0, rows};
        exec.backend->projection_weight_gradient({.dembedding = embedding(exec.grads).col_slice(cols),
                                                  .d = buffers.d.row_slice(all),
                                                  .x = layer_input.x.block(all, cols),
                                                  .labels = exec.labels,
                                                  .classes = classes_,
                                                  .pac = pac_});
    }

    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>&,
               Index rows) const override {
        exec.backend->projection_forward(arguments(exec, x, y, {0, rows}));
        exec.backend->activation_forward(y, y, this->activation_, {0, rows});
    }

private:
    template <class U>
    Matrix<U> embedding(U* flat) const {
        return {flat + embedding_, pac_ * classes_, this->inputs_, ld_};
    }
    ProjectionForward<T> arguments(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> z,
                                   Range rows) const {
        return {.z = z.row_slice(rows),
                .x = x.row_slice(rows),
                .weight = exec.params + weight_,
                .bias = bias_ < 0 ? nullptr : exec.params + bias_,
                .embedding = embedding(exec.params),
                .labels = exec.labels + rows.begin * pac_,
                .classes = classes_,
                .pac = pac_};
    }

    Index classes_, pac_;
    WeightInit init_;
    Index embedding_stream_;
    Index table_weight_ = 0, table_embedding_ = 0;
    Index weight_ = 0, bias_ = -1, embedding_ = 0, ld_ = 0;
};

}  // namespace ds
