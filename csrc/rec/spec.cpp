#include "rec/spec.h"

#include "core/check.h"

namespace ds {
namespace {

void check_inputs(const RecSpec& spec) {
    if (spec.tokens()) {
        check_size(spec.vocabulary, "vocabulary");
        if (spec.input_size != 0)
            throw ValueError("input_size: got " + std::to_string(spec.input_size) +
                             "; expected 0 for tokens");
        if (spec.embedding_size != 0) check_size(spec.embedding_size, "embedding_size");
        if (spec.embedding_size == 0 && spec.input_dropout > 0.0)
            throw ValueError("input_dropout: tokens without an embedding have no values to drop");
        return;
    }
    check_size(spec.input_size, "input_size");
    if (spec.embedding_size != 0) throw ValueError("embedding_size: needs a vocabulary");
}

void check_output(const RecSpec& spec) {
    if (spec.output == Output::kNext && spec.bidirectional)
        throw ValueError("bidirectional: with output \"next\" the model would see what it is to predict");
    if (spec.bptt_steps < 0)
        throw ValueError("bptt_steps: got " + std::to_string(spec.bptt_steps) + "; expected >= 0");
    if (spec.bptt_steps > 0 && (!has_stepwise_loss(spec.output) || spec.bidirectional))
        throw ValueError("bptt_steps: needs output \"sequence\" or \"next\" and one direction");
    if (spec.output == Output::kNext && spec.outputs() != (spec.tokens() ? spec.vocabulary : spec.input_size))
        throw ValueError(
            "layers: with output \"next\" there is one output a feature or token of the input, got " +
            std::to_string(spec.outputs()));
    for (const LayerSpec& layer : spec.layers)
        if (layer.normalization == Norm::kBatch)
            throw ValueError(
                "norm: batch normalisation over sequences is not defined here; expected none or layer");
}

}  // namespace

void check(const RecSpec& spec) {
    check_inputs(spec);
    if (spec.hidden.empty()) throw ValueError("hidden: got none; expected at least one layer");
    for (const Index units : spec.hidden) check_size(units, "hidden");
    check_rate(spec.input_dropout, "input_dropout");
    check_rate(spec.dropout, "dropout");
    check_rate(spec.recurrent_dropout, "recurrent_dropout");
    check_model(spec);
    check_output(spec);
}

}  // namespace ds
