#include "train/rec_model.h"

namespace ds {
namespace {

constexpr Index kHeadDropout = 64;  // the first stream of the head's dropout layers

const RecSpec& checked(const RecSpec& spec) {
    check(spec);
    return spec;
}

}  // namespace

template <class T>
RecModel<T>::RecModel(const RecSpec& spec) : spec_(checked(spec)), body_(this->table_, spec, "", 0) {
    add_dense_layers(head_, this->table_, spec,
                     {.inputs = spec.top_width(),
                      .count = static_cast<Index>(spec.layers.size()),
                      .prefix = "head.",
                      .wanted = true,
                      .stream = kHeadDropout});
    this->allocate();
    this->initialise(spec.seed);
}

template <class T>
void RecModel<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    if (!body_.draw(p, seed, values))
        draw_dense(spec_.layers[static_cast<std::size_t>(p.layer)], p, seed, values);
}

template class RecModel<float>;
template class RecModel<double>;

}  // namespace ds
