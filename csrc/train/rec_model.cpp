#include "train/rec_model.h"

namespace ds {
namespace {

constexpr Index kEmbeddingStream = 4095;
constexpr Index kHeadDropout = 64;  // the first stream of the head's dropout layers

}  // namespace

template <class T>
RecModel<T>::RecModel(const RecSpec& spec) : spec_(spec) {
    check(spec);
    if (spec.embedding > 0) {
        const Index e = this->table_.add("embedding.weight", ParameterKind::kEmbedding, kEmbeddingStream,
                                         spec.vocabulary, spec.embedding);
        embedding_ = this->table_[e].offset;
        embedding_ld_ = this->table_[e].ld;
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
    for (std::size_t l = 0; l < spec.hidden.size(); ++l) {
        layer.units = spec.hidden[l];
        layer.first = l == 0 && spec.embedding == 0;
        layer.tokens = l == 0 && spec.tokens() && spec.embedding == 0;
        stack_.emplace_back(this->table_, static_cast<Index>(l), layer);
        layer.inputs = stack_.back().outputs();
    }
    add_dense_layers(head_, this->table_, spec,
                     {.inputs = layer.inputs,
                      .count = static_cast<Index>(spec.layers.size()),
                      .prefix = "head.",
                      .wanted = true,
                      .stream = kHeadDropout});
    this->allocate();
    this->initialise(spec.seed);
}

template <class T>
void RecModel<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    if (p.kind == ParameterKind::kEmbedding)
        return init_weights(values, p.cols, p.rows, Init::kNormal, 1.0, seed,
                            static_cast<std::uint32_t>(p.layer));
    for (const Recurrent<T>& layer : stack_)
        if (layer.draw(p, seed, values)) return;
    draw_dense(spec_.layers[static_cast<std::size_t>(p.layer)], p, seed, values);
}

template <class T>
Index RecModel<T>::state_size() const {
    Index size = 0;
    for (const Recurrent<T>& layer : stack_) size += layer.outputs() * (layer.memory() ? 2 : 1);
    return size;
}

template <class T>
double RecModel<T>::step_flops() const {
    double flops = 0.0;
    for (const Recurrent<T>& layer : stack_) flops += layer.flops();
    return flops;
}

template class RecModel<float>;
template class RecModel<double>;

}  // namespace ds
