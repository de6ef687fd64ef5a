#include "train/rec_body.h"

namespace ds {
namespace {

constexpr Index kEmbeddingStream = 4095;

}  // namespace

template <class T>
RecBody<T>::RecBody(ParameterTable& table, const StackSpec& spec, const std::string& prefix, Index philox,
                    const std::string& embedding_name, bool wanted)
    : spec_(spec), philox_(philox) {
    if (spec.embedding > 0) {
        const Index e = table.add(prefix + embedding_name, ParameterKind::kEmbedding,
                                  philox + kEmbeddingStream, spec.vocabulary, spec.embedding);
        embedding_ = table[e].offset;
        embedding_ld_ = table[e].ld;
    }
    RecurrentSpec layer;
    layer.cell = spec.cell;
    layer.both = spec.bidirectional;
    layer.bias = spec.bias;
    layer.layer_norm = spec.layer_norm;
    layer.recurrent_dropout = spec.recurrent_dropout;
    layer.standard_init = spec.standard_init;
    layer.init = spec.init;
    layer.inputs = spec.first_width();
    layer.philox = philox;
    for (std::size_t l = 0; l < spec.hidden.size(); ++l) {
        layer.units = spec.hidden[l];
        layer.first = l == 0 && spec.embedding == 0 && !wanted;
        layer.tokens = l == 0 && spec.tokens() && spec.embedding == 0;
        stack_.emplace_back(table, prefix, static_cast<Index>(l), layer);
        layer.inputs = stack_.back().outputs();
    }
}

template <class T>
bool RecBody<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    if (p.kind == ParameterKind::kEmbedding) {
        if (embedding_ < 0 || p.layer != philox_ + kEmbeddingStream) return false;
        init_weights(values, p.cols, p.rows, Init::kNormal, 1.0, seed, static_cast<std::uint32_t>(p.layer));
        return true;
    }
    for (const Recurrent<T>& layer : stack_)
        if (layer.draw(p, seed, values)) return true;
    return false;
}

template <class T>
Index RecBody<T>::state_size() const {
    Index size = 0;
    for (const Recurrent<T>& layer : stack_) size += layer.outputs() * (layer.memory() ? 2 : 1);
    return size;
}

template <class T>
double RecBody<T>::step_flops() const {
    double flops = 0.0;
    for (const Recurrent<T>& layer : stack_) flops += layer.flops();
    return flops;
}

template class RecBody<float>;
template class RecBody<double>;

}  // namespace ds
