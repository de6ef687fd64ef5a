// Builds the dense layers of a model from their specification: all layers of a Net, and the last layers of a
// Rec and of both players of a Gen.
#pragma once
#include <memory>
#include <vector>

#include "layers/layer.h"
#include "training/spec.h"

namespace ds {

template <class T>
using Layers = std::vector<std::unique_ptr<Layer<T>>>;

// Each layer of the specification is linear → [norm] → activation → [dropout]. Parameter names number the
// layers of the specification: prefix + "0.weight", …
struct DenseStack {
    Index inputs = 0;
    Index count = 0;  // of the specification's layers
    const char* prefix = "";
    bool needs_input_grad = false;  // of the first layer
    // Random streams of the first layer's dropout and initial values; the next layers' follow.
    Index dropout_stream = rng_streams::kLayerDropout;
    Index init_stream = 0;
};
template <class T>
void add_dense_layers(Layers<T>& layers, ParameterTable& table, const ModelSpec& spec,
                      const DenseStack& stack);
// Adds their running statistics to the table, after every trainable parameter.
template <class T>
void register_buffers(const Layers<T>& layers, ParameterTable& table);
template <class T>
void init_parameters(const Layers<T>& layers, const ParameterTable& table, std::uint64_t seed, T* params);

}  // namespace ds
