// Periodic embedding of the first features of a row (Gorishniy et al. 2022; Holzmüller et al. 2024). The output is
// the row itself, then for each of width - 1 outputs a value per feature: a linear map of the feature's waves
// cos 2π(frequency·x + phase). The formulas are kernels/embedding/periodic.h.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

struct PeriodicEmbeddingSpec {
    Index features = 0;  // the first inputs; 0: no embedding
    Index frequencies = 16;
    Index width = 4;     // numbers that stand for a feature, itself included
    double sigma = 0.1;  // standard deviation of the initial frequencies
};

template <class Field>
void visit_options(Field& field, PeriodicEmbeddingSpec& s) {
    field("features", s.features);
    field("frequencies", s.frequencies);
    field("width", s.width);
    field("sigma", s.sigma);
}

template <class T>
class PeriodicEmbedding final : public Layer<T> {
public:
    // Adds `name`.frequency, `name`.phase and `name`.weight to the table.
    PeriodicEmbedding(ParameterTable& table, const std::string& name, Index inputs,
                      const PeriodicEmbeddingSpec& spec);

    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const override;
    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override;
    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}
    Index scratchpad_size(const LayerBuffers<T>&) const override { return waves(); }

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override;
    // The layer reads the model's inputs, whose gradient no training needs: the layer's own parameters only.
    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override;
    void weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         const LayerBuffers<T>& buffers, Share share) const override;
    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
               Index rows) const override;

private:
    Index waves() const { return 2 * spec_.frequencies * wave_slot(spec_.features); }
    Index weight_rows() const { return (spec_.width - 1) * spec_.frequencies; }
    // Of parameters or gradients in a flat buffer.
    template <class U>
    Matrix<U> frequency(U* flat) const {
        return {flat + frequency_offset_, spec_.frequencies, spec_.features, ld_};
    }
    template <class U>
    Matrix<U> phase(U* flat) const {
        return {flat + phase_offset_, spec_.frequencies, spec_.features};
    }
    template <class U>
    Matrix<U> weight(U* flat) const {
        return {flat + weight_offset_, weight_rows(), spec_.features, ld_};
    }
    Matrix<const T> embedded(Matrix<const T> x) const { return x.col_slice({0, spec_.features}); }
    // The columns behind those of the inputs.
    Matrix<const T> output_gradient(const LayerBuffers<T>& buffers, Range rows) const {
        return buffers.d.block(rows, {this->inputs_, this->outputs_});
    }
    void embed(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, Matrix<T> waves) const;

    PeriodicEmbeddingSpec spec_;
    Index frequency_ = 0, phase_ = 0, weight_ = 0;  // indices in the table
    Index frequency_offset_ = 0, phase_offset_ = 0, weight_offset_ = 0, ld_ = 0;
};

}  // namespace ds
