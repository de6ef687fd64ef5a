// Layer normalisation (Ba et al. 2016) and batch normalisation (Ioffe & Szegedy 2015), with the activation
// that follows. Each is: n = normalised x, z = n·weight + bias, y = act(z). The formulas are kernels/norm.h.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

// What the two share: weight and bias, the activation, the gradient of weight and bias.
template <class T>
class NormLayer : public Layer<T> {
public:
    NormLayer(ParameterTable& table, const std::string& name, Index index, Index width,
              ActivationOf<T> activation, double eps);

    void carve(Carver& carver, Index batch, Tape<T>& tape) const override;
    void plan(const Backend<T>&, Index, bool, Tape<T>&) const override {}

protected:
    // z goes where act' will read it, or straight to y when act' reads y.
    Matrix<T> pre_activation(const Tape<T>& tape) const { return this->saves_input() ? tape.saved : tape.y; }
    // What both norms' kernels take: y and x only, then with what training keeps, then the way back.
    NormForward<T> forward_arguments(const Pass<T>& pass, Matrix<T> y, Matrix<const T> x, Range rows) const;
    NormForward<T> forward_arguments(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape,
                                     Range rows) const;
    NormBackward<T> backward_arguments(Matrix<T> dx, Matrix<const T> dy, Matrix<const T> n, Range rows) const;
    NormBackward<T> backward_arguments(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape,
                                       Range rows) const;
    void sum_gradients(const Pass<T>& pass, const Tape<T>& tape, Share share) const;
    void finish_backward(const Pass<T>& pass, const Below<T>& below, Range rows) const;

    Index weight_ = 0, bias_ = 0;
    T eps_;
};

template <class T>
class LayerNorm final : public NormLayer<T> {
public:
    using NormLayer<T>::NormLayer;

    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void weight_gradient(const Pass<T>& pass, const Below<T>&, const Tape<T>& tape,
                         Share share) const override;
    Tape<T> view(const Tape<T>& tape, Index base, Index first) const override;
    void tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const override;
    bool bends() const override { return true; }
    void backward_bent(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, const Below<T>& below_view,
                       const Tape<T>& view, Index first, Range rows) const override;
    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
               Index rows) const override;
};

template <class T>
class BatchNorm final : public NormLayer<T> {
public:
    BatchNorm(ParameterTable& table, const std::string& name, Index index, Index width,
              ActivationOf<T> activation, double eps, double momentum);

    void place_buffers(ParameterTable& table) override;
    Index scratch(const Tape<T>&) const override { return leading_dim<T>(this->outputs_); }
    bool couples_rows() const override { return true; }
    void couple_forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape,
                        Share share) const override;
    void couple_backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape,
                         Share share) const override;
    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
               Index rows) const override;
    void end_step(const Pass<T>& pass, const Tape<T>& tape, T* params) const override;

private:
    // The tape's statistics: three rows of values a column.
    T* mean(const Tape<T>& tape) const { return tape.stats; }
    T* variance(const Tape<T>& tape) const { return tape.stats + leading_dim<T>(this->outputs_); }
    T* scale(const Tape<T>& tape) const { return tape.stats + 2 * leading_dim<T>(this->outputs_); }

    std::string name_;
    Index index_;
    Index running_mean_ = 0, running_variance_ = 0;
    T momentum_;
};

}  // namespace ds
