#include "training/model.h"

#include <algorithm>

namespace ds {

template <class T>
void Model<T>::allocate() {
    params_ = Buffer<T>(device_.memory, table_.size());
    copies_ = Buffer<T>(device_.memory, table_.transposed_size());
    device_.memory.fill_zero(copies_.data(), copies_.size());
}

template <class T>
void Model<T>::initialise(std::uint64_t seed) {
    HostArray<T> initial(table_.size());  // apart, so that running out of memory changes nothing
    std::fill_n(initial.data(), table_.size(), T(0));
    init_parameters(seed, initial.data());
    keep_seed(seed);
    device_.memory.from_host(params_.data(), initial.data(), table_.size());
    refresh_copies();
}

template <class T>
void Model<T>::refresh_copies() {
    for (const Parameter& p : table_.all()) {
        if (p.transposed < 0) continue;
        device_.backend.transpose(p.transposed_view(copies_.data()), p.view<const T>(params_.data()));
    }
    device_.backend.synchronize();  // another thread may use the model next
}

template class Model<float>;
template class Model<double>;

}  // namespace ds
