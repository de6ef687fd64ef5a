// A Net's body: a chain of layers. It predicts; the trainer teaches it.
#pragma once
#include <memory>
#include <vector>

#include "train/model.h"

namespace ds {

template <class T>
using Layers = std::vector<std::unique_ptr<Layer<T>>>;

// Each layer of the specification is linear → [norm] → activation → [dropout]. Names count as PyTorch users
// would count the specification's layers, not the pieces: prefix + "0.weight", …
struct DenseStack {
    Index inputs = 0;
    Index count = 0;  // of the specification's layers
    const char* prefix = "";
    bool wanted = false;     // something below asks for the first layer's input gradient
    Index stream = 1;        // dropout behind layer i draws from stream + i,
    Index first_values = 0;  // its first values from first_values + i
};
template <class T>
void add_dense_layers(Layers<T>& layers, ParameterTable& table, const ModelSpec& spec,
                      const DenseStack& stack);
// Their running statistics, once every trainable parameter is in the table.
template <class T>
void place_buffers(const Layers<T>& layers, ParameterTable& table);

template <class T>
class NetModel final : public Model<T> {
public:
    explicit NetModel(const NetSpec& spec);

    const NetSpec& spec() const { return spec_; }
    const ModelSpec& training(int = 0) const override { return spec_; }
    const Layers<T>& layers() const { return layers_; }

private:
    void draw(const Parameter& p, std::uint64_t seed, T* values) const override {
        draw_dense(spec_.layers[static_cast<std::size_t>(p.layer)], p, seed, values);
    }
    void keep_seed(std::uint64_t seed) override { spec_.seed = seed; }

    NetSpec spec_;
    Layers<T> layers_;
};

}  // namespace ds
