// A Rec's weights: a recurrent stack, and dense layers on top.
#pragma once
#include "train/net_model.h"
#include "train/rec_body.h"
#include "train/rec_spec.h"

namespace ds {

template <class T>
class RecModel final : public Model<T> {
public:
    explicit RecModel(const RecSpec& spec);

    const RecSpec& spec() const { return spec_; }
    const ModelSpec& training(int = 0) const override { return spec_; }
    const RecBody<T>& body() const { return body_; }
    const Layers<T>& head() const { return head_; }

    // Without the head.
    Index state_size() const { return body_.state_size(); }
    double step_flops() const { return body_.step_flops(); }

private:
    void draw(const Parameter& p, std::uint64_t seed, T* values) const override;
    void keep_seed(std::uint64_t seed) override { spec_.seed = seed; }

    RecSpec spec_;
    RecBody<T> body_;
    Layers<T> head_;
};

}  // namespace ds
