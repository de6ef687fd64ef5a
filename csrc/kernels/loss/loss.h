// The losses over rows: the mean over a row's outputs, softmax with cross entropy, and the gradient scaled by
// the row's weight. Rows are independent of each other to the last bit; a row's sums are Lanes16 trees.
#pragma once
#include "formulas/loss.h"
#include "kernels/elementwise/reduce.h"
#include "kernels/loss/loss_table.h"

DS_ISA_BEGIN

template <class T>
DS_INLINE T row_scale_of(const LossArgs<T>& a, Index row) {
    return a.row_scale != nullptr ? a.row_scale[row] : a.scale;
}
template <class T>
DS_INLINE LossOptions<Vec<T>> loss_options(const LossArgs<T>& a) {
    LossOptions<Vec<T>> options;
    for (int i = 0; i < kMaxOptions; ++i) options.value[i] = Vec<T>(a.option[i]);
    return options;
}

// Targets of n columns from j: given, or 1 at the label (one column: the label itself).
template <class T>
DS_INLINE Vec<T> target_part(const LossArgs<T>& a, Index row, Index j, Index n) {
    if (a.label == nullptr) return load_part(a.target.row(row) + j, n);
    if (a.x.cols == 1) return Vec<T>(T(a.label[row]));
    return select(iota<T>() == Vec<T>(T(a.label[row] - j)), Vec<T>(T(1)), Vec<T>(T(0)));
}

// One column: its elements lie in the lanes of a register, where a row's are in the general case.
template <class T, class L>
DS_INLINE void one_column(const LossArgs<T>& a, Vec<T> keep, Vec<T> spread) {
    constexpr Index W = Vec<T>::W;
    const LossOptions<Vec<T>> options = loss_options(a);
    const Index rows = a.x.rows;
    for (Index row = 0; row < rows; row += W) {
        const Index n = rows - row < W ? rows - row : W;
        const Vec<T> target = a.label == nullptr ? load_column<T>(a.target.row(row), a.target.ld, n)
                                                 : load_column<T>(a.label + row, 1, n);
        const Vec<T> factor = a.row_scale != nullptr ? loadn(a.row_scale + row, n) : Vec<T>(a.scale);
        const LossAt<Vec<T>> at =
            L::at(load_column<T>(a.x.row(row), a.x.ld, n), fma(target, keep, spread), options);
        if (a.row_loss != nullptr) storen(a.row_loss + row, at.loss, n);
        if (a.d) store_column(a.d.row(row), a.d.ld, at.d * factor, n);
    }
}

// The mean of an element-by-element loss over the columns; keep and spread smooth the targets.
template <class T, class L>
DS_INLINE void mean_rows(const LossArgs<T>& a, T smoothing) {
    const Vec<T> keep(T(1) - smoothing), spread(smoothing * T(0.5));
    if (a.x.cols == 1) return one_column<T, L>(a, keep, spread);
    const LossOptions<Vec<T>> options = loss_options(a);
    const T share = T(1) / T(a.x.cols);
    for (Index row = 0; row < a.x.rows; ++row) {
        const Vec<T> factor(row_scale_of(a, row) * share);
        Lanes16<T> total;
        for_row<T>(a.x.cols, [&](int i, Index j, Index n) DS_LAMBDA {
            const Vec<T> t = fma(target_part(a, row, j, n), keep, spread);
            const LossAt<Vec<T>> at = L::at(load_part(a.x.row(row) + j, n), t, options);
            total.r[i] += keep_part(at.loss, n, T(0));
            if (a.d) store_part(a.d.row(row) + j, at.d * factor, n);
        });
        if (a.row_loss != nullptr) store_lane0(a.row_loss + row, total.sum() * share);
    }
}
template <class T, class L>
DS_KERNEL void loss_rows(L, const LossArgs<T>& a) {
    T smoothing = T(0);
    if constexpr (requires { L::kLabelSmoothing; }) smoothing = a.option[L::kLabelSmoothing];
    mean_rows<T, L>(a, smoothing);
}

// What a row's cross entropy needs besides its exponentials, for sixteen rows, so that their logarithms and
// reciprocals are taken together.
template <class T>
struct CrossEntropyRows {
    Numbers16<T> total;   // sum of e^(z_k - top)
    Numbers16<T> weight;  // sum of the targets q_k
    Numbers16<T> dot;     // sum of q_k (z_k - top)
    Numbers16<T> share;   // weight / total
};

template <class T>
DS_INLINE void cross_entropy_sums(const LossArgs<T>& a, Index row, CrossEntropyRows<T>& s, Index i) {
    const T* z = a.x.row(row);
    T* e = a.d ? a.d.row(row) : nullptr;
    const T top = row_max(z, a.x.cols), smoothing = a.option[CrossEntropy::kLabelSmoothing];
    const T keep = T(1) - smoothing, spread = smoothing / T(a.x.cols);
    const T at_label = a.label != nullptr ? z[a.label[row]] - top : T(0);
    sync();  // d may be x
    const Vec<T> shift(top);
    Lanes16<T> total, shifted, weight, dot;
    for_row<T>(a.x.cols, [&](int k, Index j, Index n) DS_LAMBDA {
        const Vec<T> layer_input = load_part(z + j, n) - shift, v = exp(layer_input);
        if (a.target) {
            const Vec<T> t = load_part(a.target.row(row) + j, n);
            weight.r[k] += t;
            dot.r[k] = fma(t, layer_input, dot.r[k]);
        }
        shifted.r[k] += keep_part(layer_input, n, T(0));
        if (e != nullptr) store_part(e + j, v, n);
        total.r[k] += keep_part(v, n, T(0));
    });
    s.total.set(i, total.sum());
    const T others = spread != T(0) ? spread * shifted.sum() : T(0);
    s.weight.set(i, a.label != nullptr ? T(1) : fma(keep, weight.sum(), smoothing));
    s.dot.set(i, fma(keep, a.label != nullptr ? at_label : dot.sum(), others));
}

// d = scale (weight softmax(z) - q), from the exponentials left in d.
template <class T>
DS_INLINE void cross_entropy_gradient(const LossArgs<T>& a, Index row, T share) {
    T* d = a.d.row(row);
    const T smoothing = a.option[CrossEntropy::kLabelSmoothing], scale = row_scale_of(a, row);
    const T keep = T(1) - smoothing, spread = smoothing / T(a.x.cols);
    sync();
    const T at_label = a.label != nullptr ? scale * (fma(d[a.label[row]], share, -keep) - spread) : T(0);
    sync();
    for_row<T>(a.x.cols, [&](int, Index j, Index n) DS_LAMBDA {
        Vec<T> q(spread);
        if (a.target) q = fma(load_part(a.target.row(row) + j, n), Vec<T>(keep), q);
        store_part(d + j, fma(load_part(d + j, n), Vec<T>(share), -q) * Vec<T>(scale), n);
    });
    sync();
    if (a.label != nullptr) store_lane0(d + a.label[row], at_label);
}

template <class T>
DS_KERNEL void loss_rows(CrossEntropy, const LossArgs<T>& a) {
    for (Index row = 0; row < a.x.rows; row += kLanes) {
        const Index n = a.x.rows - row < kLanes ? a.x.rows - row : Index(kLanes);
        CrossEntropyRows<T> s;
        for (Index i = 0; i < n; ++i) cross_entropy_sums(a, row + i, s, i);
        for (Index i = n; i < kLanes; ++i) s.total.set(i, T(1)), s.weight.set(i, T(1)), s.dot.set(i, T(1));
        for (Index i = 0; i < n; i += Vec<T>::W) {
            const Vec<T> total = s.total.load(i), weight = s.weight.load(i);
            s.share.store(i, weight / total);
            s.dot.store(i, fma(weight, log(total), -s.dot.load(i)));
        }
        for (Index i = 0; i < n; ++i) {
            if (a.row_loss != nullptr) store_lane0(a.row_loss + row + i, s.dot.get(i));
            if (a.d) cross_entropy_gradient(a, row + i, s.share.get(i));
        }
    }
}

template <class T>
struct FocalRows {
    Numbers16<T> others, right, shifted;
    Numbers16<T> loss, d, share, rest;
};

template <class T>
DS_INLINE void focal_sums(const LossArgs<T>& a, Index row, FocalRows<T>& s, Index i) {
    const T* z = a.x.row(row);
    T* e = a.d ? a.d.row(row) : nullptr;
    const Index label = a.label[row];
    const T top = row_max(z, a.x.cols);
    const Vec<T> shift(top);
    const T shifted = z[label] - top;
    sync();  // d may be x
    s.shifted.set(i, shifted);
    Lanes16<T> others;
    for_row<T>(a.x.cols, [&](int k, Index j, Index n) DS_LAMBDA {
        const Vec<T> v = exp(load_part(z + j, n) - shift);
        if (e != nullptr) store_part(e + j, v, n);
        const Vec<T> counted = select(iota<T>() == Vec<T>(T(label - j)), Vec<T>(T(0)), v);
        others.r[k] += keep_part(counted, n, T(0));
    });
    s.others.set(i, others.sum());
    s.right.set(i, exp(shifted));
}

template <class T>
DS_KERNEL void loss_rows(Focal, const LossArgs<T>& a) {
    const LossOptions<Vec<T>> options = loss_options(a);
    for (Index row = 0; row < a.x.rows; row += kLanes) {
        const Index n = a.x.rows - row < kLanes ? a.x.rows - row : Index(kLanes);
        FocalRows<T> s;
        for (Index i = 0; i < n; ++i) focal_sums(a, row + i, s, i);
        for (Index i = n; i < kLanes; ++i)
            s.others.set(i, T(1)), s.right.set(i, T(1)), s.shifted.set(i, T(1));
        for (Index i = 0; i < n; i += Vec<T>::W) {
            const FocalRow<Vec<T>> f =
                Focal::row(s.others.load(i), s.right.load(i), s.shifted.load(i), options);
            s.loss.store(i, f.loss);
            s.d.store(i, f.d);
            s.share.store(i, f.share);
            s.rest.store(i, f.rest);
        }
        for (Index i = 0; i < n; ++i) {
            if (a.row_loss != nullptr) store_lane0(a.row_loss + row + i, s.loss.get(i));
            if (!a.d) continue;
            T* d = a.d.row(row + i);
            const T factor = s.d.get(i) * row_scale_of(a, row + i);
            const Vec<T> each(factor * s.share.get(i));
            for_row<T>(a.x.cols, [&](int, Index j, Index m)
                                     DS_LAMBDA { store_part(d + j, load_part(d + j, m) * each, m); });
            sync();
            store_lane0(d + a.label[row + i], -factor * s.rest.get(i));
        }
    }
}

template <class T, class L>
DS_KERNEL void loss_kernel(const LossArgs<T>& a) {
    loss_rows(L{}, a);
}

template <class T>
struct LossTable {
    template <class... L>
    struct Of {
        static constexpr void (*kRows[])(const LossArgs<T>&) = {loss_kernel<T, L>...};
    };
};

template <class T>
constexpr LossKernels<T> loss_kernels() {
    return {ForEachLoss<LossTable<T>::template Of>::kRows};
}

DS_ISA_END
