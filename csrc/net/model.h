// Layers and parameters of a Net.
#pragma once
#include "training/dense_layers.h"
#include "training/model.h"

namespace ds {

template <class T>
class NetModel final : public Model<T> {
public:
    NetModel(const Device<T>& device, const NetSpec& spec);

    const NetSpec& spec() const { return spec_; }
    const ModelSpec& training(Player = kFirstPlayer) const override { return spec_; }
    const Layers<T>& layers() const { return layers_; }

private:
    void init_parameters(std::uint64_t seed, T* params) const override {
        ds::init_parameters(layers_, this->table_, seed, params);
    }
    void keep_seed(std::uint64_t seed) override { spec_.seed = seed; }

    NetSpec spec_;
    Layers<T> layers_;
};

}  // namespace ds
