#include "rec/model.h"

namespace ds {
namespace {

const RecSpec& checked(const RecSpec& spec) {
    check(spec);
    return spec;
}

}  // namespace

template <class T>
RecModel<T>::RecModel(const Device<T>& device, const RecSpec& spec)
    : Model<T>(device), spec_(checked(spec)), body_(this->table_, spec, {}) {
    add_dense_layers(head_, this->table_, spec,
                     {.inputs = spec.top_width(),
                      .count = static_cast<Index>(spec.layers.size()),
                      .prefix = "head.",
                      .needs_input_grad = true,
                      .dropout_stream = rng_streams::kHeadDropout});
    this->allocate();
    this->initialise(spec.seed);
}

template class RecModel<float>;
template class RecModel<double>;

}  // namespace ds
