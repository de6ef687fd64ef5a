// Fully connected layer: y = act(x W + b), W stored (inputs, outputs). The shapes are
//   y (B, N) = x (B, K) · W (K, N);  dx = dy · Wᵀ;  dW = xᵀ · dy;  db = column sums of dy.
// The first layer of a Net also takes sparse rows, which have no dx. The bits are those of the dense rows.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

template <class T>
class Dense final : public Layer<T> {
public:
    // Adds `name`.weight and `name`.bias to the table.
    Dense(ParameterTable& table, const std::string& name, const WeightInit& init, Index inputs, Index outputs,
          bool bias, ActivationOf<T> activation, bool needs_input_grad);

    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const override {
        init_parameter(table[weight_], init_, seed, params);
    }

    // For losses of the pre-activation (cross-entropies): in training the layer outputs logits, without its
    // activation.
    void output_logits() { outputs_logits_ = true; }

    void plan(const Backend<T>& backend, Index batch, bool training, LayerBuffers<T>& buffers) const override;
    Index scratchpad_size(const LayerBuffers<T>& buffers) const override;
    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override;
    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override;
    void weight_gradient(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         const LayerBuffers<T>& buffers, Share share) const override;
    Index weight_by_rows(const LayerBuffers<T>& buffers) const override {
        return buffers.backward_rows.shape().m > 0 ? weight_offset_ : -1;
    }
    void gradient_rows(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                       const LayerBuffers<T>& buffers, Range rows, T* to,
                       const PrefetchHint<T>& prefetch_hint) const override;
    void tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                 Range rows) const override;
    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
               Index rows) const override;
    void infer_sparse(const ExecContext<T>& exec, const SparseMatrix<T>& x, Matrix<T> y,
                      const LayerBuffers<T>& plans, Index rows) const override;
    bool splits_columns(Index rows) const override {
        return rows < kFewRows && this->inputs_ * this->outputs_ >= kManyWeights;
    }

private:
    static constexpr Index kFewRows = 100, kManyWeights = Index(1) << 16;

    // Rows of the weight's gradient.
    Matrix<T> gradient(T* p, Index rows) const { return {p, rows, this->outputs_, weight_ld_}; }
    const T* bias(const T* params) const { return bias_offset_ < 0 ? nullptr : params + bias_offset_; }

    LinearForward<T> inference(const ExecContext<T>& exec, Matrix<T> y, const LayerBuffers<T>& plans) const;
    void finish_inference(const ExecContext<T>& exec, Matrix<T> y, Index rows) const;

    // The input gradient reads W as stored, or a transposed copy, or W itself if both have the same memory.
    bool reads_stored() const { return transposed_ < 0 && !own_transpose_; }
    Index backward_ld() const {
        return reads_stored() ? weight_ld_ : own_transpose_ ? this->inputs_ : transposed_ld_;
    }

    // Of dy, which stays in the second-level cache while all rows of the gradient are computed.
    static constexpr Index kGradientBytes = Index(1) << 19;

    WeightInit init_;
    Index weight_ = 0;  // its index in the table
    Index weight_offset_ = 0, weight_ld_ = 0, bias_offset_ = -1;
    Index block_ = 0;        // rows per block of the gradient, if the weight is large
    Index transposed_ = -1;  // offset of Wᵀ in the buffer of transposed copies, or -1
    Index transposed_ld_ = 0;
    bool own_transpose_ = false;  // one row or column: W and Wᵀ have the same memory
    bool needs_input_grad_ = false;
    bool outputs_logits_ = false;
};

}  // namespace ds
