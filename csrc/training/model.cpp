#include "training/model.h"

#include <algorithm>

namespace ds {

template <class T>
void Model<T>::allocate() {
    params_ = Buffer<T>(table_.size());
    copies_ = Buffer<T>(table_.transposed_size());
    std::fill_n(copies_.data(), copies_.size(), T(0));
}

template <class T>
void Model<T>::initialise(std::uint64_t seed) {
    Buffer<T> initial(table_.size());  // apart, so that running out of memory changes nothing
    std::fill_n(initial.data(), table_.size(), T(0));
    init_parameters(seed, initial.data());
    keep_seed(seed);
    std::copy_n(initial.data(), table_.size(), params_.data());
    refresh_copies();
}

template <class T>
void Model<T>::refresh_copies() {
    for (const Parameter& p : table_.all()) {
        if (p.transposed < 0) continue;
        const T* w = params_.data() + p.offset;
        T* wt = copies_.data() + p.transposed;
        for (Index i = 0; i < p.rows; ++i)
            for (Index j = 0; j < p.cols; ++j) wt[j * p.transposed_ld + i] = w[i * p.ld + j];
    }
}

template class Model<float>;
template class Model<double>;

}  // namespace ds
