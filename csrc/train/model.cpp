#include "train/model.h"

#include <algorithm>
#include <string>

#include "core/check.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/norm.h"

namespace ds {

template <class T>
Model<T>::Model(const NetSpec& spec) : spec_(spec) {
    check(spec);
    build();
    params_ = Buffer<T>(table_.size());
    copies_ = Buffer<T>(table_.transposed_size());
    initialise(spec.seed);
}

// Each layer of the specification is linear → [norm] → activation → [dropout]. Names count as PyTorch users
// would count the specification's layers, not the pieces.
template <class T>
void Model<T>::build() {
    Index width = spec_.inputs;
    // Stream 0 is the input's dropout, stream i + 1 that of layer i.
    const auto dropout = [&](double rate, Index stream) {
        if (rate > 0.0) layers_.push_back(std::make_unique<Dropout<T>>(stream, width, rate));
    };
    dropout(spec_.input_dropout, 0);
    Index index = 0;
    for (const LayerSpec& layer : spec_.layers) {
        const ActivationOf<T> act{layer.activation, static_cast<T>(layer.alpha)};
        const bool plain = layer.norm == Norm::kNone;
        const bool last = index + 1 == static_cast<Index>(spec_.layers.size());
        auto dense = std::make_unique<Dense<T>>(table_, index, width, layer.units, layer.bias,
                                                plain ? act : ActivationOf<T>{}, index == 0);
        if (last && loss_is_fused(spec_.loss.kind)) dense->leave_logits();
        layers_.push_back(std::move(dense));
        width = layer.units;
        if (layer.norm == Norm::kLayer)
            layers_.push_back(std::make_unique<LayerNorm<T>>(table_, index, width, act, layer.norm_eps));
        if (layer.norm == Norm::kBatch)
            layers_.push_back(std::make_unique<BatchNorm<T>>(table_, index, width, act, layer.norm_eps,
                                                             layer.norm_momentum));
        ++index;
        dropout(layer.dropout, index);
    }
    for (const auto& layer : layers_) {
        layer->place_buffers(table_);
        widest_ = std::max(widest_, layer->outputs());
    }
}

template <class T>
void Model<T>::initialise(std::uint64_t seed) {
    Buffer<T> drawn(table_.size());  // apart, so that running out of memory changes nothing
    std::fill_n(drawn.data(), table_.size(), T(0));
    std::vector<T> values;
    for (const Parameter& p : table_.all()) {
        T* out = drawn.data() + p.offset;
        const LayerSpec& layer = spec_.layers[static_cast<std::size_t>(p.layer)];
        if (p.kind == ParameterKind::kWeight) {
            values.resize(static_cast<std::size_t>(p.rows * p.cols));
            init_weights(values.data(), p.rows, p.cols, layer.init, layer.init_gain, seed,
                         static_cast<std::uint32_t>(p.layer));
            import_parameter(p, values.data(), drawn.data());
        }
        if (p.kind == ParameterKind::kNormWeight || p.kind == ParameterKind::kRunningVariance)
            std::fill_n(out, p.cols, T(1));
    }
    spec_.seed = seed;  // the order of the rows and dropout follow it too
    std::copy_n(drawn.data(), table_.size(), params_.data());
    refresh_copies();
}

template <class T>
void Model<T>::refresh_copies() {
    for (const Parameter& p : table_.all()) {
        if (p.transposed < 0) continue;
        const T* w = params_.data() + p.offset;
        T* wt = copies_.data() + p.transposed;
        for (Index i = 0; i < p.rows; ++i)
            for (Index j = 0; j < p.cols; ++j) wt[j * p.transposed_ld + i] = w[i * p.ld + j];
    }
}

template <class T>
void Model<T>::export_parameter(const Parameter& p, const T* slab, T* out) const {
    const T* w = slab + p.offset;
    for (Index j = 0; j < p.cols; ++j)
        for (Index i = 0; i < p.rows; ++i) out[j * p.rows + i] = w[i * p.ld + j];
}

template <class T>
void Model<T>::import_parameter(const Parameter& p, const T* values, T* slab) const {
    T* w = slab + p.offset;
    for (Index i = 0; i < p.rows; ++i)
        for (Index j = 0; j < p.cols; ++j) w[i * p.ld + j] = values[j * p.rows + i];
}

template class Model<float>;
template class Model<double>;

}  // namespace ds
