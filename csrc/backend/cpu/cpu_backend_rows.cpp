// The operations of the CPU's backend on ranges of rows, each on its own.
#include <algorithm>

#include "backend/cpu/cpu_backend.h"
#include "core/random/init.h"

namespace ds {
namespace {

RandomRows random_rows(const Draw& draw, RngPurpose purpose, Range rows) {
    const bool has_numbers = draw.number != nullptr;
    return {.key = draw.key.seed,
            .step = draw.key.step,
            .epoch = draw.key.epoch,
            .stream = stream_word(purpose, draw.key.stream),
            .first = has_numbers ? draw.first : draw.first + rows.begin,
            .number = has_numbers ? draw.number + rows.begin : nullptr,
            .length = draw.length};
}

}  // namespace

template <class T>
void CpuBackend<T>::gather(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                           Range rows) const {
    assert(out.cols == in.cols);
    if (index == nullptr) return copy(out, in, rows);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(out.row(i), in.row(index[i]), out.cols);
}

template <class T>
void CpuBackend<T>::gather(Index* out, const Index* in, const Index* index, Range rows) const {
    if (index == nullptr)
        std::copy(in + rows.begin, in + std::max(rows.begin, rows.end), out + rows.begin);
    else
        for (Index i = rows.begin; i < rows.end; ++i) out[i] = in[index[i]];
}

template <class T>
void CpuBackend<T>::gather_weights(T* out, const T* weight, const Index* index, const double* total_weight,
                                   Range rows) const {
    const double total = *total_weight;
    for (Index i = rows.begin; i < rows.end; ++i)
        out[i] =
            total > 0.0 ? static_cast<T>(static_cast<double>(weight[index ? index[i] : i]) / total) : T(0);
}

template <class T>
void CpuBackend<T>::scatter(const Matrix<T>& out, const Matrix<const T>& in, const Index* index,
                            Range rows) const {
    assert(out.cols == in.cols);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(out.row(index[i]), in.row(i), out.cols);
}

template <class T>
void CpuBackend<T>::scatter_add(const Matrix<T>& out, const Matrix<const T>& in, const Index* index) const {
    assert(out.cols == in.cols);
    for (Index i = 0; i < in.rows; ++i) kernels_.pointwise.add(out.row(index[i]), in.row(i), out.cols);
}

template <class T>
void CpuBackend<T>::activation_forward(const Matrix<T>& y, const Matrix<const T>& z, ActivationOf<T> a,
                                       Range rows) const {
    assert(y.cols == z.cols);
    if (a.kind == Activation::kIdentity && y.p == z.p) return;
    kernels_.pointwise.forward[static_cast<int>(a.kind)](y.row_slice(rows), z.row_slice(rows), a.alpha);
}

template <class T>
void CpuBackend<T>::activation_backward(const Matrix<T>& d, const Matrix<const T>& saved, ActivationOf<T> a,
                                        Range rows) const {
    if (a.kind == Activation::kIdentity) return;
    assert(d.cols == saved.cols);
    kernels_.pointwise.backward[static_cast<int>(a.kind)](d.row_slice(rows), d.row_slice(rows),
                                                          saved.row_slice(rows), a.alpha, {});
}

template <class T>
void CpuBackend<T>::softmax(const Matrix<T>& y, const Matrix<const T>& z, Range rows) const {
    assert(y.cols == z.cols);
    kernels_.reduce.softmax_rows(y.row_slice(rows), z.row_slice(rows));
}

template <class T>
void CpuBackend<T>::softmax_backward(const Matrix<T>& dz, const Matrix<const T>& dy, const Matrix<const T>& y,
                                     Range rows) const {
    assert(dz.cols == y.cols && dy.cols == y.cols);
    kernels_.reduce.softmax_backward_rows(dz.row_slice(rows), dy.row_slice(rows), y.row_slice(rows));
}

template <class T>
void CpuBackend<T>::argmax(Index* out, const Matrix<const T>& x, Range rows) const {
    kernels_.reduce.argmax_rows(out + rows.begin, x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::one_hot(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    kernels_.reduce.one_hot_rows(y.row_slice(rows), x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::activation_double_backward(const Matrix<T>& d, const Matrix<const T>& z_dot,
                                               const Matrix<const T>& saved, ActivationOf<T> a,
                                               Range rows) const {
    assert(d.cols == z_dot.cols && d.cols == saved.cols);
    const auto kernel = kernels_.pointwise.double_backward[static_cast<int>(a.kind)];
    for (Index i = rows.begin; i < rows.end; ++i)
        kernel(d.row(i), z_dot.row(i), saved.row(i), d.cols, a.alpha);
}

template <class T>
void CpuBackend<T>::dropout_mask(const Matrix<T>& mask, double rate, const Draw& draw, Range rows) const {
    kernels_.random.dropout_mask(mask.row_slice(rows), random_rows(draw, RngPurpose::kDropout, rows),
                                 keep_threshold(rate), static_cast<T>(1.0 / (1.0 - rate)));
}

template <class T>
void CpuBackend<T>::dropout_entries(T* value, const Column* column, Index n, Index cols, double rate,
                                    const RandomKey& key, Index row) const {
    kernels_.random.dropout_entries(value, column, n, cols, row, key.seed, key.step, key.epoch,
                                    stream_word(RngPurpose::kDropout, key.stream), keep_threshold(rate),
                                    static_cast<T>(1.0 / (1.0 - rate)));
}

template <class T>
void CpuBackend<T>::uniform(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    kernels_.random.uniform(out.row_slice(rows), random_rows(draw, purpose, rows));
}

template <class T>
void CpuBackend<T>::normal(const Matrix<T>& out, RngPurpose purpose, const Draw& draw, Range rows) const {
    kernels_.random.normal(out.row_slice(rows), random_rows(draw, purpose, rows));
}

template <class T>
void CpuBackend<T>::multiply(const Matrix<T>& y, const Matrix<const T>& a, const Matrix<const T>& b,
                             Range rows) const {
    assert(y.cols == a.cols && y.cols == b.cols);
    for (Index i = rows.begin; i < rows.end; ++i) {
        copy_row(y.row(i), a.row(i), y.cols);
        kernels_.pointwise.mul(y.row(i), b.row(i), y.cols);
    }
}

template <class T>
void CpuBackend<T>::add(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.pointwise.add(y.row(i), x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::scale(const Matrix<T>& y, T factor, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.gan.scale(y.row(i), factor, x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::gumbel(const Matrix<T>& u, Range rows) const {
    for (Index i = rows.begin; i < rows.end; ++i) kernels_.gan.gumbel(u.row(i), u.cols);
}

template <class T>
void CpuBackend<T>::copy(const Matrix<T>& y, const Matrix<const T>& x, Range rows) const {
    assert(y.cols == x.cols);
    for (Index i = rows.begin; i < rows.end; ++i) copy_row(y.row(i), x.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::fill(const Matrix<T>& y, T value, Range rows) const {
    for (Index i = rows.begin; i < rows.end; ++i) std::fill_n(y.row(i), y.cols, value);
}

template <class T>
void CpuBackend<T>::fill(Index* y, Index value, Range range) const {
    for (Index i = range.begin; i < range.end; ++i) y[i] = value;
}

template <class T>
void CpuBackend<T>::lerp(const Matrix<T>& y, const T* share, const Index* index, const Matrix<const T>& a,
                         const Matrix<const T>& b, Range rows) const {
    assert(y.cols == a.cols && y.cols == b.cols);
    if (index != nullptr)
        index += rows.begin;
    else
        share += rows.begin;
    kernels_.gan.lerp(y.row_slice(rows), share, index, a.row_slice(rows), b.row_slice(rows));
}

template <class T>
void CpuBackend<T>::scale_shift(const Matrix<T>& y, const Matrix<const T>& x, const Matrix<const T>& factor,
                                const Matrix<const T>& shift, Range rows) const {
    assert(y.cols == x.cols && y.cols == factor.cols && y.cols == shift.cols);
    for (Index i = rows.begin; i < rows.end; ++i)
        kernels_.gan.scale_shift(y.row(i), x.row(i), factor.row(i), shift.row(i), y.cols);
}

template <class T>
void CpuBackend<T>::scale_rows(const Matrix<T>& y, const Matrix<const T>& factor, const Matrix<const T>& x,
                               Range rows) const {
    assert(y.cols == x.cols);
    kernels_.gan.scale_rows(y.row_slice(rows), factor.row_slice(rows), x.row_slice(rows));
}

template <class T>
void CpuBackend<T>::row_dots(const Matrix<T>& out, const Matrix<const T>& a, const Matrix<const T>& b,
                             Range rows) const {
    assert(a.cols == b.cols);
    kernels_.gan.row_dots(out.row_slice(rows), a.row_slice(rows), b.row_slice(rows));
}

template <class T>
bool CpuBackend<T>::all_finite(const Matrix<const T>& x) const {
    bool finite = true;
    for (Index i = 0; i < x.rows && finite; ++i) finite = kernels_.pointwise.finite(x.row(i), x.cols);
    return finite;
}

template class CpuBackend<float>;
template class CpuBackend<double>;

}  // namespace ds
