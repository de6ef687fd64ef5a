#include "rec/body.h"

namespace ds {

template <class T>
RecBody<T>::RecBody(ParameterTable& table, const StackSpec& spec, const RecBodyOptions& options)
    : spec_(spec), rng_stream_(options.rng_stream) {
    if (spec.embedding_size > 0) {
        table_embedding_ = table.add(options.prefix + options.embedding_name, ParameterKind::kEmbedding,
                                     spec.vocabulary, spec.embedding_size);
        embedding_ = table[table_embedding_].offset;
        embedding_rows_ = table[table_embedding_].rows;
        embedding_ld_ = table[table_embedding_].ld;
    }
    RecurrentSpec layer;
    layer.cell = spec.cell;
    layer.bidirectional = spec.bidirectional;
    layer.bias = spec.bias;
    layer.layer_norm = spec.layer_norm;
    layer.recurrent_dropout = spec.recurrent_dropout;
    layer.standard_init = spec.standard_init;
    layer.init = spec.initialization;
    layer.inputs = spec.first_width();
    layer.rng_stream = options.rng_stream;
    for (std::size_t l = 0; l < spec.hidden.size(); ++l) {
        layer.units = spec.hidden[l];
        layer.needs_input_grad = l > 0 || spec.embedding_size > 0 || options.needs_input_grad;
        layer.tokens = l == 0 && spec.tokens() && spec.embedding_size == 0;
        stack_.emplace_back(table, options.prefix, static_cast<Index>(l), layer);
        layer.inputs = stack_.back().outputs();
    }
}

template <class T>
void RecBody<T>::init_parameters(const ParameterTable& table, std::uint64_t seed, T* params) const {
    if (table_embedding_ >= 0)
        init_parameter(table[table_embedding_],
                       {Init::kNormal, 1.0, rng_stream_ + rng_streams::kTokenEmbedding}, seed, params);
    for (const Recurrent<T>& layer : stack_) layer.init_parameters(table, seed, params);
}

template <class T>
Index RecBody<T>::state_size() const {
    Index size = 0;
    for (const Recurrent<T>& layer : stack_) size += layer.outputs() * (layer.has_cell_state() ? 2 : 1);
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
