#include "training/dense_layers.h"

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
        const bool plain = layer.normalization == Norm::kNone;
        const bool last = i + 1 == static_cast<Index>(spec.layers.size());
        const WeightInit init{layer.initialization, layer.init_gain, stack.init_stream + i};
        const std::string name = stack.prefix + std::to_string(i);
        auto dense =
            std::make_unique<Dense<T>>(table, name, init, width, layer.units, layer.bias,
                                       plain ? act : ActivationOf<T>{}, i > 0 || stack.needs_input_grad);
        if (last && traits_of(spec.loss.kind).is_fused()) dense->output_logits();
        layers.push_back(std::move(dense));
        width = layer.units;
        if (layer.normalization == Norm::kLayer)
            layers.push_back(std::make_unique<LayerNorm<T>>(table, name, width, act, layer.norm_eps));
        if (layer.normalization == Norm::kBatch)
            layers.push_back(
                std::make_unique<BatchNorm<T>>(table, name, width, act, layer.norm_eps, layer.norm_momentum));
        if (layer.dropout > 0.0)
            layers.push_back(std::make_unique<Dropout<T>>(stack.dropout_stream + i, width, layer.dropout));
    }
}

template <class T>
void register_buffers(const Layers<T>& layers, ParameterTable& table) {
    for (const auto& layer : layers) layer->register_buffers(table);
}

template <class T>
void init_parameters(const Layers<T>& layers, const ParameterTable& table, std::uint64_t seed, T* params) {
    for (const auto& layer : layers) layer->init_parameters(table, seed, params);
}

template void add_dense_layers(Layers<float>&, ParameterTable&, const ModelSpec&, const DenseStack&);
template void add_dense_layers(Layers<double>&, ParameterTable&, const ModelSpec&, const DenseStack&);
template void register_buffers(const Layers<float>&, ParameterTable&);
template void register_buffers(const Layers<double>&, ParameterTable&);
template void init_parameters(const Layers<float>&, const ParameterTable&, std::uint64_t, float*);
template void init_parameters(const Layers<double>&, const ParameterTable&, std::uint64_t, double*);

}  // namespace ds
