#include "train/rec_stack.h"

#include <algorithm>

namespace ds {

template <class T>
RecStack<T>::RecStack(const RecModel<T>& model, const Backend<T>& backend, bool training)
    : model_(model),
      backend_(backend),
      training_(training),
      stack_(model.stack().size()),
      dropped_(stack_.size() + 1),
      mask_(stack_.size() + 1) {}

// Whether something is dropped below layer l; behind the last layer is below the head.
template <class T>
bool RecStack<T>::drops(std::size_t l) const {
    return training_ && (l == 0 ? spec().input_dropout : spec().dropout) > 0.0;
}

template <class T>
void RecStack<T>::carve(Carver& carver, Index rows, Index total, Index steps, bool ragged) {
    const auto matrix = [&carver](Index r, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(r, ld), ld};
    };
    order_ = carver.take<Index>(rows, 1);
    length_ = carver.take<Index>(rows, 1);
    active_ = carver.take<Index>(steps, 1);
    offset_ = carver.take<Index>(steps + 1, 1);
    if (spec().tokens()) tokens_ = carver.take<Index>(total, 1);
    const bool vectors = !spec().tokens() || spec().embedding > 0;
    if (vectors) x_ = matrix(total, spec().first_width());
    if (training_ && spec().embedding > 0) dx_ = matrix(total, spec().embedding);
    for (std::size_t l = 0; l < stack_.size(); ++l)
        model_.stack()[l].carve(carver, rows, total, ragged, training_, stack_[l]);
    for (std::size_t l = 0; l <= stack_.size(); ++l) {
        if (!drops(l)) continue;
        const Index width = l == 0 ? spec().first_width() : model_.stack()[l - 1].outputs();
        const Index most = l == stack_.size() && !each_step() ? rows : total;
        dropped_[l] = matrix(most, width);
        mask_[l] = matrix(most, width);
    }
    if (each_step()) return;
    const bool last = spec().output == Output::kLast;
    pooled_ = last ? stack_.back().h : matrix(rows, spec().top_width());
    if (training_) pooled_d_ = matrix(rows, spec().top_width());
    if (spec().output == Output::kMax) argmax_ = carver.take<Index>(rows, spec().top_width());
}

template <class T>
void RecStack<T>::plan(Index rows, Index total) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        model_.stack()[l].plan(backend_, rows, total, training_, stack_[l]);
}

template <class T>
Index RecStack<T>::scratch() const {
    Index most = 0;
    for (std::size_t l = 0; l < stack_.size(); ++l)
        most = std::max(most, model_.stack()[l].scratch(stack_[l]));
    return most;
}

template <class T>
bool RecStack<T>::place(const SequenceSet<T>& data, const SequencePlace& place) {
    place_ = place;
    for (Index i = 0; i < place.size; ++i) order_[i] = place.sequence(i);
    // Longest first, and the place in the batch decides between equals, which are told apart by their number here.
    for (Index i = 0; i < place.size; ++i) length_[i] = i;
    std::sort(length_, length_ + place.size, [&](Index a, Index b) {
        const Index la = data.steps(order_[a]), lb = data.steps(order_[b]);
        return la != lb ? la > lb : a < b;
    });
    for (Index i = 0; i < place.size; ++i) length_[i] = place.sequence(length_[i]);
    std::swap_ranges(order_, order_ + place.size, length_);
    Index rows = 0;
    for (; rows < place.size; ++rows) {
        const Index left = data.steps(order_[rows]) - place.first;
        if (left <= 0) break;
        length_[rows] = place.most > 0 ? std::min(left, place.most) : left;
    }
    layout_ = lay_out(rows, length_, active_, offset_);
    for (RecurrentTape<T>& tape : stack_) tape.fresh = place.first == 0;
    return rows > 0;
}

template <class T>
void RecStack<T>::clear_states(Range own) {
    for (std::size_t l = 0; l < stack_.size(); ++l) model_.stack()[l].clear_states(stack_[l], own);
}

template <class T>
void RecStack<T>::set_states(Matrix<const T> states, Range own) {
    for (RecurrentTape<T>& tape : stack_) tape.fresh = false;
    for (Index row = own.begin; row < own.end; ++row) {
        const T* from = states.row(row);
        for (std::size_t l = 0; l < stack_.size(); ++l)
            from = model_.stack()[l].set_state(stack_[l], row, from);
    }
}

template <class T>
void RecStack<T>::get_states(Matrix<T> states, Range own) const {
    for (Index row = own.begin; row < own.end; ++row) {
        T* to = states.row(row);
        for (std::size_t l = 0; l < stack_.size(); ++l) to = model_.stack()[l].get_state(stack_[l], row, to);
    }
}

template <class T>
void RecStack<T>::gather(const Pass<T>& pass, const SequenceSet<T>& data, Range packed) {
    const Sequences<T>& x = data.x;
    const auto source = [&](Index row, Index t) { return x.start[order_[row]] + place_.first + t; };
    if (x.tokens) {
        each(packed, [&](Index i, Index row, Index t) { tokens_[i] = x.tokens[source(row, t)]; });
        if (model_.embedding() >= 0)
            backend_.gather(x_, {pass.params + model_.embedding(), model_.embedding_ld()}, tokens_, packed,
                            spec().embedding);
        return;
    }
    each(packed, [&](Index i, Index row, Index t) {
        std::copy_n(x.values + source(row, t) * x.cols, x.cols, x_.row(i));
    });
}

// What layer l reads and where its input's gradient goes.
template <class T>
RecurrentBelow<T> RecStack<T>::below(std::size_t l) const {
    RecurrentBelow<T> b;
    if (l == 0 && !x_)
        b.tokens = tokens_;
    else
        b.x = dropped_[l] ? dropped_[l] : l == 0 ? x_ : stack_[l - 1].y;
    b.dx = l == 0 ? dx_ : stack_[l - 1].dy;
    return b;
}

template <class T>
void RecStack<T>::drop(const Pass<T>& pass, std::size_t l, Range rows) {
    if (!dropped_[l] || rows.empty()) return;
    const Index width = l == 0 ? spec().first_width() : model_.stack()[l - 1].outputs();
    const Matrix<const T> from = l == 0 ? x_ : l < stack_.size() || each_step() ? stack_[l - 1].y : pooled_;
    const double rate = l == 0 ? spec().input_dropout : spec().dropout;
    backend_.dropout_mask(mask_[l], rate, {pass.seed, pass.epoch, pass.step, static_cast<std::uint32_t>(l)},
                          rows, width);
    backend_.multiply(dropped_[l], from, mask_[l], rows, width);
}

template <class T>
void RecStack<T>::pool(Range rows) {
    const Index width = spec().top_width();
    const Matrix<T>& y = stack_.back().y;
    for (Index row = rows.begin; row < rows.end; ++row) {
        T* out = pooled_.row(row);
        const Index length = layout_.length[row];
        if (spec().output == Output::kMean) {
            std::fill_n(out, width, T(0));
            for (Index t = 0; t < length; ++t) {
                const T* step = y.row(layout_.offset[t] + row);
                for (Index j = 0; j < width; ++j) out[j] += step[j];
            }
            for (Index j = 0; j < width; ++j) out[j] /= static_cast<T>(length);
        } else if (spec().output == Output::kMax) {
            Index* best = argmax_ + row * width;
            std::fill_n(best, width, Index(0));
            std::copy_n(y.row(row), width, out);
            for (Index t = 1; t < length; ++t) {
                const T* step = y.row(layout_.offset[t] + row);
                for (Index j = 0; j < width; ++j)
                    if (step[j] > out[j]) out[j] = step[j], best[j] = t;
            }
        }
    }
}

template <class T>
void RecStack<T>::unpool(Range rows) {
    const Index width = spec().top_width();
    const Matrix<T>& dy = stack_.back().dy;
    for (Index row = rows.begin; row < rows.end; ++row) {
        const Index length = layout_.length[row];
        const T* d = pooled_d_.row(row);
        for (Index t = 0; t < length; ++t) {
            T* step = dy.row(layout_.offset[t] + row);
            if (spec().output == Output::kMean)
                for (Index j = 0; j < width; ++j) step[j] = d[j] / static_cast<T>(length);
            else
                for (Index j = 0; j < width; ++j) step[j] = argmax_[row * width + j] == t ? d[j] : T(0);
        }
    }
}

template <class T>
void RecStack<T>::forward(const Pass<T>& pass, const SequenceSet<T>& data, Share share, Barrier& barrier,
                          const Halt& halt) {
    const Range packed = share.of(layout_.total), own = layout_.own(share);
    gather(pass, data, packed);
    for (std::size_t l = 0; l < stack_.size(); ++l) {
        if (!halt.asked()) {
            drop(pass, l, packed);
            model_.stack()[l].pack(pass, stack_[l], share);
            model_.stack()[l].project(pass, below(l), stack_[l], packed);
        }
        barrier.wait();
        model_.stack()[l].forward(pass, layout_, stack_[l], own, training_, halt);
        barrier.wait();
    }
    const Range head = share.of(head_rows());
    if (!each_step()) pool(head);
    drop(pass, stack_.size(), head);
}

template <class T>
void RecStack<T>::backward(const Pass<T>& pass, Share share, Barrier& barrier, const Halt& halt) {
    const Range packed = share.of(layout_.total), own = layout_.own(share);
    const auto undrop = [&](std::size_t l, Matrix<T> d, Range rows) {
        if (!mask_[l] || !d) return;
        const Index width = l == 0 ? spec().first_width() : model_.stack()[l - 1].outputs();
        backend_.multiply(d, d, mask_[l], rows, width);
    };
    const std::size_t top = stack_.size() - 1;
    undrop(stack_.size(), top_gradient(), share.of(head_rows()));
    barrier.wait();
    const bool last = spec().output == Output::kLast;
    if (!each_step() && !last) unpool(own);
    for (std::size_t l = top + 1; l-- > 0;) {
        const Recurrent<T>& layer = model_.stack()[l];
        const bool ends = l == top && last;
        layer.backward(pass, layout_, stack_[l], !ends, ends ? pooled_d_ : Matrix<T>{}, own, halt);
        barrier.wait();
        const RecurrentBelow<T> under = below(l);
        if (!halt.asked()) {
            layer.input_gradient(pass, under, stack_[l], packed);
            undrop(l, under.dx, packed);
        }
        if (!halt.asked()) layer.weight_gradient(pass, layout_, under, stack_[l], share);
        if (l > 0 || dx_) barrier.wait();
    }
    if (!dx_) return;
    const Matrix<T> d{pass.grads + model_.embedding(), model_.embedding_ld()};
    const Range cols = share.of(spec().embedding, 16);
    if (cols.empty()) return;
    for (Index token = 0; token < spec().vocabulary; ++token)
        std::fill_n(d.row(token) + cols.begin, cols.size(), T(0));
    backend_.scatter_add(d, dx_, tokens_, layout_.total, cols);
}

template class RecStack<float>;
template class RecStack<double>;

}  // namespace ds
