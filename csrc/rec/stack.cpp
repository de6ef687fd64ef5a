#include "rec/stack.h"

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

// Whether the inputs of layer l have dropout; l = number of layers is the head.
template <class T>
bool RecStack<T>::has_dropout(std::size_t l) const {
    if (l == stack_.size() && options_.no_top_dropout) return false;
    return training_ && (l == 0 ? spec().input_dropout : spec().dropout) > 0.0;
}

template <class T>
void RecStack<T>::allocate_buffers(ArenaPlanner& planner, Index rows, Index total, Index steps, bool ragged) {
    ragged_ = ragged;
    max_rows_ = rows;
    max_total_ = total;
    order_.resize(rows);
    length_.resize(rows);
    active_.resize(steps);
    offset_.resize(steps + 1);
    if (!options_.external_inputs) source_.resize(total);
    if (options_.numbered) {
        number_.resize(rows);
        step_number_.resize(total);
        step_row_.resize(total);
        step_position_.resize(total);
    }
    if (spec().tokens()) tokens_ = planner.allocate<Index>(total, 1);
    const bool vectors = !spec().tokens() || spec().embedding_size > 0;
    if (vectors) x_ = planner.matrix<T>(total, spec().first_width());
    if (training_ && (spec().embedding_size > 0 || options_.external_inputs))
        dx_ = planner.matrix<T>(total, spec().first_width());
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].allocate_buffers(planner, rows, total, ragged, training_, stack_[l]);
    for (std::size_t l = 0; l <= stack_.size(); ++l) {
        if (!has_dropout(l)) continue;
        const Index most = l == stack_.size() && !is_stepwise() ? rows : total;
        dropped_[l] = planner.matrix<T>(most, width(l));
        mask_[l] = planner.matrix<T>(most, width(l));
    }
    if (is_stepwise()) return;
    const bool in_place = spec().output == Output::kLast && !options_.numbered;
    pooled_ = in_place ? stack_.back().h : planner.matrix<T>(rows, spec().top_width());
    if (training_) pooled_d_ = planner.matrix<T>(rows, spec().top_width());
    if (spec().output == Output::kMax) argmax_ = planner.allocate<Index>(rows, spec().top_width());
}

template <class T>
void RecStack<T>::plan(Index rows, Index total) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].plan(backend_, rows, total, training_, stack_[l]);
}

template <class T>
Index RecStack<T>::scratchpad_size() const {
    Index most = 0;
    for (std::size_t l = 0; l < stack_.size(); ++l)
        most = std::max(most, body_.stack()[l].scratchpad_size(stack_[l]));
    return most;
}

// Sorts longest first; equal lengths keep the order of the batch. steps(i): the length of sequence i.
template <class T>
template <class Steps>
bool RecStack<T>::sort(Index count, const Steps& steps) {
    for (Index i = 0; i < count; ++i) order_[i] = i;
    std::sort(order_.begin(), order_.begin() + count, [&](Index a, Index b) {
        const Index la = steps(a), lb = steps(b);
        return la != lb ? la > lb : a < b;
    });
    Index rows = 0;
    for (; rows < count; ++rows) {
        const Index left = steps(order_[rows]) - batch_.first_step;
        if (left <= 0) break;
        length_[rows] = batch_.max_steps > 0 ? std::min(left, batch_.max_steps) : left;
    }
    for (Index row = 0; options_.numbered && row < count; ++row)
        number_[row] = options_.first_number + order_[row];
    layout_ = make_layout(rows, length_.data(), active_.data(), offset_.data());
    if (options_.numbered)
        each({0, layout_.total}, [&](Index i, Index row, Index t) {
            step_number_[i] = number_[row] * options_.length + t;
            step_row_[i] = row;
            step_position_[i] = pooled_row(row);
        });
    for (RecurrentBuffers<T>& buffers : stack_) {
        buffers.zero_state = batch_.first_step == 0;
        buffers.has_early_product = false;
        buffers.number = number_.data();
    }
    return rows > 0;
}

template <class T>
bool RecStack<T>::set_batch(const SequenceSet<T>& data, const SequenceBatchRef& batch) {
    batch_ = batch;
    const bool some = sort(batch.size, [&](Index i) { return data.steps(batch.sequence(i)); });
    for (Index i = 0; i < batch.size; ++i) order_[i] = batch.sequence(order_[i]);
    return some;
}

template <class T>
bool RecStack<T>::set_batch(const Index* lengths, Index count) {
    batch_ = {};
    return sort(count, [lengths](Index i) { return lengths[i]; });
}

template <class T>
void RecStack<T>::clear_states(Range batch_rows) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].clear_states(backend_, stack_[l], batch_rows);
}

template <class T>
void RecStack<T>::set_states(Matrix<const T> states, Range batch_rows) {
    for (RecurrentBuffers<T>& buffers : stack_) buffers.zero_state = false;
    Index column = 0;
    for (std::size_t l = 0; l < stack_.size(); ++l)
        column = body_.stack()[l].set_states(backend_, stack_[l], states, column, batch_rows);
}

template <class T>
void RecStack<T>::get_states(Matrix<T> states, Range batch_rows) const {
    Index column = 0;
    for (std::size_t l = 0; l < stack_.size(); ++l)
        column = body_.stack()[l].get_states(backend_, stack_[l], states, column, batch_rows);
}

template <class T>
void RecStack<T>::gather(const ExecContext<T>& exec, const SequenceSet<T>& data, Range packed) {
    const Sequences<T>& x = data.x;
    Index end = 0;  // of the rows that are read
    each(packed, [&](Index i, Index row, Index t) {
        source_[i] = x.start[order_[row]] + batch_.first_step + t;
        end = std::max(end, source_[i] + 1);
    });
    if (!x.tokens) return backend_.gather(x_, {x.values, end, x.cols}, source_.data(), packed);
    backend_.gather(tokens_, x.tokens, source_.data(), packed);
    if (body_.embedding() >= 0) backend_.gather(x_, body_.table(exec.params), tokens_, packed);
}

// The input of layer l, and the buffer for its gradient.
template <class T>
RecurrentInput<T> RecStack<T>::layer_input(std::size_t l) const {
    RecurrentInput<T> b;
    if (l == 0 && !x_)
        b.tokens = tokens_;
    else
        b.x = dropped_[l] ? dropped_[l] : l == 0 ? x_ : stack_[l - 1].y;
    b.dx = l == 0 ? dx_ : stack_[l - 1].dy;
    return b;
}

template <class T>
void RecStack<T>::states_first(const ExecContext<T>& exec) {
    for (std::size_t l = stack_.size(); l-- > 0;)
        body_.stack()[l].start_state_product(exec, stack_[l], {0, layout_.rows});
}

template <class T>
void RecStack<T>::dropout_forward(const ExecContext<T>& exec, std::size_t l, Range rows) {
    if (!dropped_[l] || rows.empty()) return;
    const Matrix<const T> from = l == 0 ? x_ : l < stack_.size() || is_stepwise() ? stack_[l - 1].y : pooled_;
    draw_mask(exec, l, rows);
    backend_.multiply(dropped_[l], from, mask_[l], rows);
}

template <class T>
void RecStack<T>::draw_mask(const ExecContext<T>& exec, std::size_t l, Range rows) {
    const double rate = l == 0 ? spec().input_dropout : spec().dropout;
    const RandomKey key{exec.seed, exec.epoch, exec.step,
                        static_cast<std::uint32_t>(body_.rng_stream() + static_cast<Index>(l))};
    const bool by_position = l == stack_.size() && !is_stepwise();
    Draw draw{.key = key};
    if (by_position)
        draw.first = options_.first_number;
    else
        draw.number = step_numbers();
    backend_.dropout_mask(mask_[l], rate, draw, rows);
}

template <class T>
void RecStack<T>::dropout_backward(std::size_t l, Matrix<T> d, Range rows) const {
    if (mask_[l] && d) backend_.multiply(d, d, mask_[l], rows);
}

template <class T>
void RecStack<T>::pool(Range rows) {
    PoolArgs<T> a = pool_arguments(pooled_, rows);
    a.y = stack_.back().y;
    a.h = stack_.back().h;
    backend_.pool_forward(a);
}

template <class T>
PoolArgs<T> RecStack<T>::pool_arguments(Matrix<T> pooled, Range rows) const {
    PoolArgs<T> a;
    a.kind = spec().output == Output::kMax    ? Pool::kMax
             : spec().output == Output::kMean ? Pool::kMean
                                              : Pool::kLast;
    a.rows = rows;
    a.length = layout_.length;
    a.offset = layout_.offset;
    if (options_.numbered) a.position = numbers();
    a.first = options_.first_number;
    a.pooled = pooled;
    a.best = argmax_;
    return a;
}

template <class T>
void RecStack<T>::pack(const ExecContext<T>& exec, Share share) {
    for (std::size_t l = 0; l < stack_.size(); ++l) body_.stack()[l].pack(exec, stack_[l], share);
}

template <class T>
void RecStack<T>::forward(const ExecContext<T>& exec, const SequenceSet<T>& data, Share share,
                          Barrier& barrier) {
    gather(exec, data, share.of(layout_.total));
    if (exec.column_parallel) barrier.wait();
    forward(exec, share, barrier);
}

template <class T>
void RecStack<T>::forward(const ExecContext<T>& exec, Share share, Barrier& barrier) {
    const Share rows = exec.column_parallel ? Share{} : share;
    const Range packed = rows.of(layout_.total), batch_rows = layout_.rows_of(rows);
    for (std::size_t l = 0; l < stack_.size(); ++l) {
        if (!exec.worker.stop_requested()) {
            dropout_forward(exec, l, packed);
            body_.stack()[l].pack(exec, stack_[l], share);
            body_.stack()[l].project(exec, layer_input(l), stack_[l], packed);
        }
        barrier.wait();
        body_.stack()[l].forward(exec, layout_, stack_[l], batch_rows, training_);
        barrier.wait();
    }
    const Range head = share.of(head_rows());
    if (!is_stepwise()) pool(head);
    if (options_.numbered && !is_stepwise()) barrier.wait();  // other workers have written rows by position
    dropout_forward(exec, stack_.size(), head);
}

template <class T>
void RecStack<T>::run_backward(const ExecContext<T>& exec, const BackwardArgs& args, Share share,
                               Barrier& barrier) {
    const Range packed = share.of(layout_.total), batch_rows = layout_.rows_of(share);
    const bool last = spec().output == Output::kLast;
    const std::size_t top = stack_.size() - 1;
    if (options_.numbered && !is_stepwise()) barrier.wait();  // other workers have written the caller's rows
    dropout_backward(stack_.size(), is_stepwise() ? gradient_buffers(args, top).dy : args.pooled,
                     share.of(head_rows()));
    barrier.wait();
    if (!is_stepwise() && !last) {
        PoolArgs<T> a = pool_arguments(args.pooled, batch_rows);
        a.y = gradient_buffers(args, top).dy;
        backend_.pool_backward(a);
    }
    for (std::size_t l = top + 1; l-- > 0;) {
        const Recurrent<T>& layer = body_.stack()[l];
        RecurrentBuffers<T>& to = gradient_buffers(args, l);
        RecurrentTangent<T>* tangent = args.tangents ? &(*args.tangents)[l] : nullptr;
        const bool ends = l == top && last;
        layer.backward(exec, layout_, stack_[l],
                       {.each = !ends,
                        .last = ends ? args.pooled : Matrix<T>{},
                        .first_number = options_.first_number,
                        .tangent = tangent,
                        .second_order = args.second_order},
                       batch_rows);
        barrier.wait();
        RecurrentInput<T> input = layer_input(l);
        input.dx = l == 0 ? args.dx : gradient_buffers(args, l - 1).dy;
        if (!exec.worker.stop_requested()) {
            layer.input_gradient(exec, input, to, packed);
            dropout_backward(l, input.dx, packed);
        }
        if (args.weights && !exec.worker.stop_requested())
            layer.weight_gradient(exec, layout_, input, stack_[l], share, false);
        if (l > 0 || input.dx) barrier.wait();
    }
}

template <class T>
void RecStack<T>::backward(const ExecContext<T>& exec, Share share, Barrier& barrier, bool weights) {
    run_backward(exec, {.pooled = pooled_d_, .dx = dx_, .weights = weights}, share, barrier);
    if (weights && dx_ && !options_.external_inputs) table_gradient(exec, share);
}

template <class T>
void RecStack<T>::table_gradient(const ExecContext<T>& exec, Share share) const {
    const Matrix<T> d = body_.table(exec.grads);
    const Range cols = share.of(spec().embedding_size, 16);
    if (cols.empty()) return;
    backend_.fill(d.col_slice(cols), T(0), {0, spec().vocabulary});
    backend_.scatter_add(d.col_slice(cols), dx_.block({0, layout_.total}, cols), tokens_);
}

template <class T>
void RecStack<T>::weight_gradient(const ExecContext<T>& exec, Share share, bool accumulate) {
    for (std::size_t l = 0; l < stack_.size(); ++l)
        body_.stack()[l].weight_gradient(exec, layout_, layer_input(l), stack_[l], share, accumulate);
}

template <class T>
void RecStack<T>::forward_step(const ExecContext<T>& exec, Index t, Range batch_rows) {
    const Range at = layout_.at(t, batch_rows);
    for (std::size_t l = 0; l < stack_.size(); ++l) {
        dropout_forward(exec, l, at);
        body_.stack()[l].project(exec, layer_input(l), stack_[l], at);
        body_.stack()[l].forward(exec, layout_, stack_[l], batch_rows, training_, {t, t + 1});
    }
    dropout_forward(exec, stack_.size(), at);
}

template <class T>
void RecStack<T>::backward_step(const ExecContext<T>& exec, Index t, Range batch_rows) {
    const Range at = layout_.at(t, batch_rows);
    dropout_backward(stack_.size(), top_gradient(), at);
    for (std::size_t l = stack_.size(); l-- > 0;) {
        body_.stack()[l].backward(exec, layout_, stack_[l], {.each = true, .steps = {t, t + 1}}, batch_rows);
        body_.stack()[l].input_gradient(exec, layer_input(l), stack_[l], at);
        dropout_backward(l, layer_input(l).dx, at);
    }
}

template class RecStack<float>;
template class RecStack<double>;

}  // namespace ds
