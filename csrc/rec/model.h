// The weights of a Rec: a recurrent stack, and the dense layers of its head.
#pragma once
#include "rec/body.h"
#include "rec/spec.h"
#include "training/dense_layers.h"
#include "training/model.h"

namespace ds {

template <class T>
class RecModel final : public Model<T> {
public:
    RecModel(const Device<T>& device, const RecSpec& spec);

    const RecSpec& spec() const { return spec_; }
    const ModelSpec& training(Player = kFirstPlayer) const override { return spec_; }
    const RecBody<T>& body() const { return body_; }
    const Layers<T>& head() const { return head_; }

    // Of the body, without the head.
    Index state_size() const { return body_.state_size(); }
    double step_flops() const { return body_.step_flops(); }

private:
    void init_parameters(std::uint64_t seed, T* params) const override {
        body_.init_parameters(this->table_, seed, params);
        ds::init_parameters(head_, this->table_, seed, params);
    }
    void keep_seed(std::uint64_t seed) override { spec_.seed = seed; }

    RecSpec spec_;
    RecBody<T> body_;
    Layers<T> head_;
};

}  // namespace ds
