#include "train/net_model.h"

#include <string>

#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/norm.h"

namespace ds {

template <class T>
void add_dense_layers(Layers<T>& layers, ParameterTable& table, const ModelSpec& spec,
                      const DenseStack& stack) {
    Index width = stack.inputs;
    for (Index i = 0; i < stack.count; ++i) {
        const LayerSpec& layer = spec.layers[static_cast<std::size_t>(i)];
        const ActivationOf<T> act{layer.activation, static_cast<T>(layer.alpha)};
        const bool plain = layer.norm == Norm::kNone;
        const bool last = i + 1 == static_cast<Index>(spec.layers.size());
        const Index index = stack.first_values + i;
        const std::string name = stack.prefix + std::to_string(i);
        auto dense = std::make_unique<Dense<T>>(table, name, index, width, layer.units, layer.bias,
                                                plain ? act : ActivationOf<T>{}, i == 0 && !stack.wanted);
        if (last && loss_is_fused(spec.loss.kind)) dense->leave_logits();
        layers.push_back(std::move(dense));
        width = layer.units;
        if (layer.norm == Norm::kLayer)
            layers.push_back(std::make_unique<LayerNorm<T>>(table, name, index, width, act, layer.norm_eps));
        if (layer.norm == Norm::kBatch)
            layers.push_back(std::make_unique<BatchNorm<T>>(table, name, index, width, act, layer.norm_eps,
                                                            layer.norm_momentum));
        if (layer.dropout > 0.0)
            layers.push_back(std::make_unique<Dropout<T>>(stack.stream + i, width, layer.dropout));
    }
}

template <class T>
void place_buffers(const Layers<T>& layers, ParameterTable& table) {
    for (const auto& layer : layers) layer->place_buffers(table);
}

// Stream 0 is the input's dropout, stream i + 1 that of layer i.
template <class T>
NetModel<T>::NetModel(const NetSpec& spec) : spec_(spec) {
    check(spec);
    if (spec.input_dropout > 0.0)
        layers_.push_back(std::make_unique<Dropout<T>>(0, spec.inputs, spec.input_dropout));
    add_dense_layers(layers_, this->table_, spec,
                     {.inputs = spec.inputs, .count = static_cast<Index>(spec.layers.size())});
    place_buffers(layers_, this->table_);
    this->allocate();
    this->initialise(spec.seed);
}

template class NetModel<float>;
template class NetModel<double>;
template void add_dense_layers(Layers<float>&, ParameterTable&, const ModelSpec&, const DenseStack&);
template void add_dense_layers(Layers<double>&, ParameterTable&, const ModelSpec&, const DenseStack&);
template void place_buffers(const Layers<float>&, ParameterTable&);
template void place_buffers(const Layers<double>&, ParameterTable&);

}  // namespace ds
