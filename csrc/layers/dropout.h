// Inverted dropout (Srivastava et al. 2014): training scales the kept values by 1/(1-rate), and inference
// changes nothing. The mask is a function of (seed, epoch, step, stream, row, column), so it does not depend
// on the workers or on resuming.
#pragma once
#include "layers/layer.h"

namespace ds {

template <class T>
class Dropout final : public Layer<T> {
public:
    Dropout(Index rng_stream, Index width, double rate)
        : Layer<T>(width, width, {}), rng_stream_(static_cast<std::uint32_t>(rng_stream)), rate_(rate) {}

    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override {
        Layer<T>::allocate_buffers(planner, batch, buffers);
        buffers.aux = planner.matrix<T>(batch, this->outputs_);
    }

    bool trainable() const override { return false; }
    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}

    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override {
        const RandomKey key{exec.seed, exec.epoch, exec.step, rng_stream_};
        exec.backend->dropout_mask(buffers.aux, rate_, {.key = key, .number = exec.numbers}, rows);
        exec.backend->multiply(buffers.y, layer_input.x, buffers.aux, rows);
    }

    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override {
        if (!layer_input.d) return;
        exec.backend->multiply(layer_input.d, buffers.d, buffers.aux, rows);
        exec.backend->activation_backward(layer_input.d, layer_input.saved, layer_input.activation, rows);
    }

    void tangent(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& view,
                 Range rows) const override {
        exec.backend->multiply(view.y, layer_input.x, view.aux, rows);
    }

    void infer(const ExecContext<T>&, Matrix<const T>, Matrix<T>, const LayerBuffers<T>&,
               Index) const override {}
    bool active_in_inference() const override { return false; }

private:
    std::uint32_t rng_stream_;
    double rate_;
};

}  // namespace ds
