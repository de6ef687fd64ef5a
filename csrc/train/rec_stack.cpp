#include "train/rec_stack.h"

#include <algorithm>

namespace ds {

template <class T>
RecStack<T>::RecStack(const RecBody<T>& body, const Backend<T>& backend, bool training,
                      const RecStackOptions& options)
    : body_(body),
      backend_(backend),
      training_(training),
      options_(options),
      stack_(body.stack().size()),
      dropped_(stack_.size() + 1),
      mask_(stack_.size() + 1) {}

// Whether something is dropped below layer l; behind the last layer is below the head.
template <class T>
bool RecStack<T>::drops(std::size_t l) const {
    if (l == stack_.size() && options_.bare_top) return false;
    return training_ && (l == 0 ? spec().input_dropout : spec().dropout) > 0.0;
}

template <class T>
void RecStack<T>::carve(Carver& carver, Index rows, Index total, Index steps, bool ragged) {
    const auto matrix = [&carver](Index r, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return Matrix<T>{carver.take<T>(r, ld), ld};
    };
    ragged_ = ragged;
    most_rows_ = rows;
    most_total_ = total;
    order_ = carver.take<Index>(rows, 1);
    length_ = carver.take<Index>(rows, 1);
    active_ = carver.take<Index>(steps, 1);
    offset_ = carver.take<Index>(steps + 1, 1);
    if (options_.numbered) number_ = carver.take<Index>(rows, 1);
    if (spec().tokens()) tokens_ = carver.take<Index>(total, 1);
    const bool vectors = !spec().tokens() || spec().embedding > 0;
    if (vectors) x_ = matrix(total, spec().first_width());
    if (training_ && (spec().embedding > 0 || options_.inputs)) dx_ = matrix(total, spec().first_width());
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].carve(carver, rows, total, ragged, training_, stack_[l]);
    for (std::size_t l = 0; l <= stack_.size(); ++l) {
        if (!drops(l)) continue;
        const Index most = l == stack_.size() && !each_step() ? rows : total;
        dropped_[l] = matrix(most, width(l));
        mask_[l] = matrix(most, width(l));
    }
    if (each_step()) return;
    const bool in_place = spec().output == Output::kLast && !options_.numbered;
    pooled_ = in_place ? stack_.back().h : matrix(rows, spec().top_width());
    if (training_) pooled_d_ = matrix(rows, spec().top_width());
    if (spec().output == Output::kMax) argmax_ = carver.take<Index>(rows, spec().top_width());
}

template <class T>
void RecStack<T>::plan(Index rows, Index total) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].plan(backend_, rows, total, training_, stack_[l]);
}

template <class T>
Index RecStack<T>::scratch() const {
    Index most = 0;
    for (std::size_t l = 0; l < stack_.size(); ++l)
        most = std::max(most, body_.stack()[l].scratch(stack_[l]));
    return most;
}

// Longest first, and the place in the batch decides between equals; `steps` of a place.
template <class T>
template <class Steps>
bool RecStack<T>::sort(Index count, const Steps& steps) {
    for (Index i = 0; i < count; ++i) order_[i] = i;
    std::sort(order_, order_ + count, [&](Index a, Index b) {
        const Index la = steps(a), lb = steps(b);
        return la != lb ? la > lb : a < b;
    });
    Index rows = 0;
    for (; rows < count; ++rows) {
        const Index left = steps(order_[rows]) - place_.first;
        if (left <= 0) break;
        length_[rows] = place_.most > 0 ? std::min(left, place_.most) : left;
    }
    for (Index row = 0; number_ && row < count; ++row) number_[row] = options_.first_number + order_[row];
    layout_ = lay_out(rows, length_, active_, offset_);
    for (RecurrentTape<T>& tape : stack_) {
        tape.fresh = place_.first == 0;
        tape.states_first = false;
        tape.number = number_;
    }
    return rows > 0;
}

template <class T>
bool RecStack<T>::place(const SequenceSet<T>& data, const SequencePlace& place) {
    place_ = place;
    const bool some = sort(place.size, [&](Index i) { return data.steps(place.sequence(i)); });
    for (Index i = 0; i < place.size; ++i) order_[i] = place.sequence(order_[i]);
    return some;
}

template <class T>
bool RecStack<T>::place(const Index* lengths, Index count) {
    place_ = {};
    return sort(count, [lengths](Index i) { return lengths[i]; });
}

template <class T>
void RecStack<T>::clear_states(Range own) {
    for (std::size_t l = 0; l < stack_.size(); ++l) body_.stack()[l].clear_states(stack_[l], own);
}

template <class T>
void RecStack<T>::set_states(Matrix<const T> states, Range own) {
    for (RecurrentTape<T>& tape : stack_) tape.fresh = false;
    for (Index row = own.begin; row < own.end; ++row) {
        const T* from = states.row(row);
        for (std::size_t l = 0; l < stack_.size(); ++l)
            from = body_.stack()[l].set_state(stack_[l], row, from);
    }
}

template <class T>
void RecStack<T>::get_states(Matrix<T> states, Range own) const {
    for (Index row = own.begin; row < own.end; ++row) {
        T* to = states.row(row);
        for (std::size_t l = 0; l < stack_.size(); ++l) to = body_.stack()[l].get_state(stack_[l], row, to);
    }
}

template <class T>
void RecStack<T>::gather(const Pass<T>& pass, const SequenceSet<T>& data, Range packed) {
    const Sequences<T>& x = data.x;
    const auto source = [&](Index row, Index t) { return x.start[order_[row]] + place_.first + t; };
    if (x.tokens) {
        each(packed, [&](Index i, Index row, Index t) { tokens_[i] = x.tokens[source(row, t)]; });
        if (body_.embedding() >= 0)
            backend_.gather(x_, {pass.params + body_.embedding(), body_.embedding_ld()}, tokens_, packed,
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

// Rows are packed ones, or the head's.
template <class T>
void RecStack<T>::states_first(const Pass<T>& pass) {
    for (std::size_t l = stack_.size(); l-- > 0;)
        body_.stack()[l].states_first(pass, stack_[l], {0, layout_.rows});
}

template <class T>
void RecStack<T>::drop(const Pass<T>& pass, std::size_t l, Range rows) {
    if (!dropped_[l] || rows.empty()) return;
    const Matrix<const T> from = l == 0 ? x_ : l < stack_.size() || each_step() ? stack_[l - 1].y : pooled_;
    draw_mask(pass, l, rows);
    if (options_.numbered && l == stack_.size() && !each_step())
        for (Index row = rows.begin; row < rows.end; ++row)
            backend_.multiply(dropped_[l], from, mask_[l], {pooled_row(row), pooled_row(row) + 1}, width(l));
    else
        backend_.multiply(dropped_[l], from, mask_[l], rows, width(l));
}

template <class T>
void RecStack<T>::draw_mask(const Pass<T>& pass, std::size_t l, Range rows) {
    const double rate = l == 0 ? spec().input_dropout : spec().dropout;
    const RandomKey key{pass.seed, pass.epoch, pass.step,
                        static_cast<std::uint32_t>(body_.philox() + static_cast<Index>(l))};
    // Row `to` draws as row `number`.
    const auto one = [&](Index to, Index number) {
        backend_.dropout_mask(mask_[l], rate, key, {to, to + 1}, width(l), number - to);
    };
    if (!options_.numbered)
        backend_.dropout_mask(mask_[l], rate, key, rows, width(l));
    else if (l == stack_.size() && !each_step())
        for (Index row = rows.begin; row < rows.end; ++row) one(pooled_row(row), number_[row]);
    else
        each(rows, [&](Index i, Index row, Index t) { one(i, number_[row] * options_.length + t); });
}

template <class T>
void RecStack<T>::undrop(std::size_t l, Matrix<T> d, Range rows) const {
    if (mask_[l] && d) backend_.multiply(d, d, mask_[l], rows, width(l));
}

template <class T>
void RecStack<T>::pool(Range rows) {
    const RecurrentTape<T>& top = stack_.back();
    for (Index row = rows.begin; row < rows.end; ++row)
        pooling().pool(row, top.y, top.h, best(row), pooled_.row(pooled_row(row)));
}

template <class T>
void RecStack<T>::pack(const Pass<T>& pass, Share share) {
    for (std::size_t l = 0; l < stack_.size(); ++l) body_.stack()[l].pack(pass, stack_[l], share);
}

template <class T>
void RecStack<T>::forward(const Pass<T>& pass, const SequenceSet<T>& data, Share share, Barrier& barrier) {
    gather(pass, data, share.of(layout_.total));
    if (pass.together) barrier.wait();
    forward(pass, share, barrier);
}

template <class T>
void RecStack<T>::forward(const Pass<T>& pass, Share share, Barrier& barrier) {
    const Share rows = pass.together ? Share{} : share;
    const Range packed = rows.of(layout_.total), own = layout_.own(rows);
    for (std::size_t l = 0; l < stack_.size(); ++l) {
        if (!pass.worker.halted()) {
            drop(pass, l, packed);
            body_.stack()[l].pack(pass, stack_[l], share);
            body_.stack()[l].project(pass, below(l), stack_[l], packed);
        }
        barrier.wait();
        body_.stack()[l].forward(pass, layout_, stack_[l], own, training_);
        barrier.wait();
    }
    const Range head = share.of(head_rows());
    if (!each_step()) pool(head);
    drop(pass, stack_.size(), head);
    if (options_.numbered && !each_step()) barrier.wait();  // rows by place are other workers'
}

template <class T>
void RecStack<T>::walk_back(const Pass<T>& pass, const Walk& walk, Share share, Barrier& barrier) {
    const Range packed = share.of(layout_.total), own = layout_.own(share);
    const bool last = spec().output == Output::kLast;
    const std::size_t top = stack_.size() - 1;
    if (options_.numbered && !each_step()) barrier.wait();  // the caller's rows are other workers'
    undrop(stack_.size(), each_step() ? target(walk, top).dy : walk.pooled, share.of(head_rows()));
    barrier.wait();
    if (!each_step() && !last)
        for (Index row = own.begin; row < own.end; ++row)
            pooling().backward(row, walk.pooled.row(pooled_row(row)), best(row), target(walk, top).dy);
    for (std::size_t l = top + 1; l-- > 0;) {
        const Recurrent<T>& layer = body_.stack()[l];
        RecurrentTape<T>& to = target(walk, l);
        RecurrentTangent<T>* tangent = walk.tangents ? &(*walk.tangents)[l] : nullptr;
        const bool ends = l == top && last;
        layer.backward(pass, layout_, stack_[l],
                       {.each = !ends,
                        .last = ends ? walk.pooled : Matrix<T>{},
                        .first_number = options_.first_number,
                        .tangent = tangent,
                        .bent = walk.bent},
                       own);
        barrier.wait();
        RecurrentBelow<T> under = below(l);
        under.dx = l == 0 ? walk.dx : target(walk, l - 1).dy;
        if (!pass.worker.halted()) {
            layer.input_gradient(pass, under, to, packed);
            undrop(l, under.dx, packed);
        }
        if (walk.weights && !pass.worker.halted())
            layer.weight_gradient(pass, layout_, under, stack_[l], share, false);
        if (l > 0 || under.dx) barrier.wait();
    }
}

template <class T>
void RecStack<T>::backward(const Pass<T>& pass, Share share, Barrier& barrier, bool weights) {
    walk_back(pass, {.pooled = pooled_d_, .dx = dx_, .weights = weights}, share, barrier);
    if (weights && dx_ && !options_.inputs) table_gradient(pass, share);
}

template <class T>
void RecStack<T>::table_gradient(const Pass<T>& pass, Share share) const {
    const Matrix<T> d{pass.grads + body_.embedding(), body_.embedding_ld()};
    const Range cols = share.of(spec().embedding, 16);
    if (cols.empty()) return;
    for (Index token = 0; token < spec().vocabulary; ++token)
        std::fill_n(d.row(token) + cols.begin, cols.size(), T(0));
    backend_.scatter_add(d, dx_, tokens_, layout_.total, cols);
}

template <class T>
void RecStack<T>::weight_gradient(const Pass<T>& pass, Share share, bool accumulate) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].weight_gradient(pass, layout_, below(l), stack_[l], share, accumulate);
}

template <class T>
void RecStack<T>::forward_step(const Pass<T>& pass, Index t, Range own) {
    const Range at = layout_.at(t, own);
    for (std::size_t l = 0; l < stack_.size(); ++l) {
        drop(pass, l, at);
        body_.stack()[l].project(pass, below(l), stack_[l], at);
        body_.stack()[l].forward(pass, layout_, stack_[l], own, training_, {t, t + 1});
    }
    drop(pass, stack_.size(), at);
}

template <class T>
void RecStack<T>::backward_step(const Pass<T>& pass, Index t, Range own) {
    const Range at = layout_.at(t, own);
    undrop(stack_.size(), top_gradient(), at);
    for (std::size_t l = stack_.size(); l-- > 0;) {
        body_.stack()[l].backward(pass, layout_, stack_[l], {.each = true, .steps = {t, t + 1}}, own);
        body_.stack()[l].input_gradient(pass, below(l), stack_[l], at);
        undrop(l, below(l).dx, at);
    }
}

template class RecStack<float>;
template class RecStack<double>;

}  // namespace ds
