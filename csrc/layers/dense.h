// Fully connected layer: y = act(x W + b), W stored (inputs, outputs). Maths: any textbook; the shapes are
//   y (B, N) = x (B, K) · W (K, N);  dx = dy · Wᵀ;  dW = xᵀ · dy;  db = column sums of dy.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

template <class T>
class Dense final : public Layer<T> {
public:
    // Adds `name`.weight and `name`.bias to the table; `index` chooses the stream of their first values.
    Dense(ParameterTable& table, const std::string& name, Index index, Index inputs, Index outputs, bool bias,
          ActivationOf<T> activation, bool first);

    // The loss works on the pre-activation itself (cross-entropies): in training the output activation is
    // left out.
    void leave_logits() { leaves_logits_ = true; }

    void plan(const Backend<T>& backend, Index batch, bool training, Tape<T>& tape) const override;
    Index scratch(const Tape<T>& tape) const override;
    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void weight_gradient(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape,
                         Share share) const override;
    Index weight_by_rows(const Tape<T>& tape) const override {
        return tape.backward_rows.shape().m > 0 ? weight_offset_ : -1;
    }
    void gradient_rows(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape, Range rows, T* to,
                       const Wanted<T>& wanted) const override;
    void tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const override;
    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
               Index rows) const override;
    bool divides(Index rows) const override {
        return rows < kFewRows && this->inputs_ * this->outputs_ >= kManyWeights;
    }

private:
    static constexpr Index kFewRows = 100, kManyWeights = Index(1) << 16;

    const T* bias(const T* params) const { return bias_offset_ < 0 ? nullptr : params + bias_offset_; }

    // The input gradient reads W as it is stored, or a transposed copy, or W's own memory when that is the
    // same.
    bool reads_stored() const { return transposed_ < 0 && !own_transpose_; }
    Index backward_ld() const {
        return reads_stored() ? weight_ld_ : own_transpose_ ? this->inputs_ : transposed_ld_;
    }

    // Of dy, which waits in the second-level cache while all rows of the gradient are made.
    static constexpr Index kGradientBytes = Index(1) << 19;

    Index weight_offset_ = 0, weight_ld_ = 0, bias_offset_ = -1;
    Index block_ = 0;        // of the weight's rows, if it is large
    Index transposed_ = -1;  // offset of Wᵀ in the slab of copies, or -1
    Index transposed_ld_ = 0;
    bool own_transpose_ = false;  // one column: W and Wᵀ are the same memory
    bool first_ = false;          // nothing below wants a gradient
    bool leaves_logits_ = false;
};

}  // namespace ds
