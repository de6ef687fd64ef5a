// Layer normalisation (Ba et al. 2016) and batch normalisation (Ioffe & Szegedy 2015), with the activation
// that follows. Each is: n = normalised x, z = n·weight + bias, y = act(z). The formulas are
// kernels/norm/norm.h.
#pragma once
#include <algorithm>
#include <string>

#include "layers/layer.h"

namespace ds {

// The common part of both: weight and bias, their gradients, and the activation.
template <class T>
class NormLayer : public Layer<T> {
public:
    NormLayer(ParameterTable& table, const std::string& name, Index width, ActivationOf<T> activation,
              double eps);

    void init_parameters(const ParameterTable&, std::uint64_t, T* params) const override {
        std::fill_n(params + weight_, this->outputs_, T(1));
    }

    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override;
    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}

protected:
    // z is written to the argument of act', or to y if that is y.
    Matrix<T> pre_activation(const LayerBuffers<T>& buffers) const {
        return this->saves_input() ? buffers.saved : buffers.y;
    }
    // Arguments of both norms' kernels: forward for inference, forward for training, backward.
    NormForward<T> forward_arguments(const ExecContext<T>& exec, Matrix<T> y, Matrix<const T> x,
                                     Range rows) const;
    NormForward<T> forward_arguments(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                     const LayerBuffers<T>& buffers, Range rows) const;
    NormBackward<T> backward_arguments(Matrix<T> dx, Matrix<const T> dy, Matrix<const T> n, Range rows) const;
    NormBackward<T> backward_arguments(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                                       const LayerBuffers<T>& buffers, Range rows) const;
    void sum_gradients(const ExecContext<T>& exec, const LayerBuffers<T>& buffers, Share share) const;
    void finish_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, Range rows) const;

    Index weight_ = 0, bias_ = 0;
    T eps_;
};

template <class T>
class LayerNorm final : public NormLayer<T> {
public:
    using NormLayer<T>::NormLayer;

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override;
    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override;
    void weight_gradient(const ExecContext<T>& exec, const LayerInput<T>&, const LayerBuffers<T>& buffers,
                         Share share) const override;
    LayerBuffers<T> tangent_view(const LayerBuffers<T>& buffers, Index base, Index first) const override;
    void tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                 Range rows) const override;
    bool has_second_order() const override { return true; }
    void double_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         LayerBuffers<T>& buffers, const LayerInput<T>& tangent_input,
                         const LayerBuffers<T>& view, Index first, Range rows) const override;
    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
               Index rows) const override;
};

template <class T>
class BatchNorm final : public NormLayer<T> {
public:
    BatchNorm(ParameterTable& table, const std::string& name, Index width, ActivationOf<T> activation,
              double eps, double momentum);

    void register_buffers(ParameterTable& table) override;
    void init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const override {
        NormLayer<T>::init_parameters(table, seed, params);
        std::fill_n(params + running_variance_, this->outputs_, T(1));
    }
    Index scratchpad_size(const LayerBuffers<T>&) const override { return leading_dim<T>(this->outputs_); }
    bool couples_rows() const override { return true; }
    void couple_forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                        LayerBuffers<T>& buffers, Share share) const override;
    void couple_backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input,
                         LayerBuffers<T>& buffers, Share share) const override;
    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override;
    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override;
    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
               Index rows) const override;
    void update_running_stats(const ExecContext<T>& exec, const LayerBuffers<T>& buffers,
                              T* params) const override;

private:
    // The statistics: three rows with a value per column.
    T* mean(const LayerBuffers<T>& buffers) const { return buffers.stats; }
    T* variance(const LayerBuffers<T>& buffers) const {
        return buffers.stats + leading_dim<T>(this->outputs_);
    }
    T* scale(const LayerBuffers<T>& buffers) const {
        return buffers.stats + 2 * leading_dim<T>(this->outputs_);
    }

    std::string name_;
    Index running_mean_ = 0, running_variance_ = 0;
    T momentum_;
};

}  // namespace ds
