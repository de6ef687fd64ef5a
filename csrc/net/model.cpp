#include "net/model.h"

#include "layers/dropout.h"
#include "layers/input_scale.h"

namespace ds {

template <class T>
NetModel<T>::NetModel(const Device<T>& device, const NetSpec& spec) : Model<T>(device), spec_(spec) {
    check(spec);
    if (spec.input_dropout > 0.0)
        layers_.push_back(
            std::make_unique<Dropout<T>>(rng_streams::kInputDropout, spec.input_size, spec.input_dropout));
    Index width = spec.input_size;
    const bool embeds = spec.numeric_embedding.features > 0, scales = spec.input_scale_rate > 0.0;
    if (embeds) {
        layers_.push_back(
            std::make_unique<PeriodicEmbedding<T>>(this->table_, "embedding", width, spec.numeric_embedding));
        width = layers_.back()->outputs();
    }
    if (scales)
        layers_.push_back(
            std::make_unique<InputScale<T>>(this->table_, "scale", width, spec.input_scale_rate));
    add_dense_layers(layers_, this->table_, spec,
                     {.inputs = width,
                      .count = static_cast<Index>(spec.layers.size()),
                      .needs_input_grad = embeds || scales});
    register_buffers(layers_, this->table_);
    this->allocate();
    this->initialise(spec.seed);
}

template class NetModel<float>;
template class NetModel<double>;

}  // namespace ds
