// Dropout (Srivastava et al. 2014), inverted: kept values are scaled by 1/(1-rate) in training, and inference
// does nothing. The mask is a function of (seed, epoch, step, layer, row, column) alone, so shares and
// resuming keep its bits.
#pragma once
#include "layers/layer.h"

namespace ds {

template <class T>
class Dropout final : public Layer<T> {
public:
    Dropout(Index index, Index width, double rate)
        : Layer<T>(width, width, {}), stream_(static_cast<std::uint32_t>(index)), rate_(rate) {}

    void carve(Carver& carver, Index batch, Tape<T>& tape) const override {
        Layer<T>::carve(carver, batch, tape);
        const Index ld = tape.y.ld;
        tape.aux = {carver.take<T>(batch, ld), ld};
    }

    bool trainable() const override { return false; }
    void plan(const Backend<T>&, Index, bool, Tape<T>&) const override {}

    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        const RandomKey key{pass.seed, pass.epoch, pass.step, stream_};
        if (pass.numbers)
            for (Index i = rows.begin; i < rows.end; ++i)
                pass.backend->dropout_mask(tape.aux, rate_, key, {i, i + 1}, this->outputs_,
                                           pass.numbers[i] - i);
        else
            pass.backend->dropout_mask(tape.aux, rate_, key, rows, this->outputs_);
        pass.backend->multiply(tape.y, below.x, tape.aux, rows, this->outputs_);
    }

    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        if (!below.d) return;
        pass.backend->multiply(below.d, tape.d, tape.aux, rows, this->outputs_);
        pass.backend->activation_backward(below.d, below.saved, below.activation, rows, this->outputs_);
    }

    void tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const override {
        pass.backend->multiply(view.y, below.x, view.aux, rows, this->outputs_);
    }

    void infer(const Pass<T>&, Matrix<const T>, Matrix<T>, const Tape<T>&, Index) const override {}
    bool active_in_inference() const override { return false; }

private:
    std::uint32_t stream_;
    double rate_;
};

}  // namespace ds
