#include "train/rec_step.h"

#include <algorithm>
#include <functional>

namespace ds {
template <class T>
BatchBounds BatchBounds::of(const SequenceSet<T>& data, Index batch, Index piece) {
    std::vector<Index> steps(static_cast<std::size_t>(data.x.count));
    BatchBounds b;
    for (Index i = 0; i < data.x.count; ++i) {
        steps[static_cast<std::size_t>(i)] = piece > 0 ? std::min(piece, data.steps(i)) : data.steps(i);
        if (data.labels) b.labels = std::max(b.labels, data.labels[i]);
    }
    std::sort(steps.begin(), steps.end(), std::greater<>());
    b.rows = std::min(batch, data.x.count);
    for (Index i = 0; i < b.rows; ++i) b.total = checked_add(b.total, steps[static_cast<std::size_t>(i)]);
    b.steps = b.rows > 0 ? steps[0] : 0;
    return b;
}

template <class T>
RecStep<T>::RecStep(RecModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                    const SequenceSet<T>& data, const BatchBounds& bounds, int workers)
    : Step<T>(model, backend, optimizer),
      rec_(model),
      data_(data),
      wanted_(model.spec(), data_),
      stack_(model.body(), backend, true),
      chain_(model.head()),
      rows_(bounds.rows) {
    stack_.plan(bounds.rows, bounds.total);
    chain_.plan(backend, stack_.each_step() ? bounds.total : bounds.rows);
    desks_.resize(static_cast<std::size_t>(workers));
    Carver measure;
    carve(measure, bounds);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver, bounds);
    for (Desk& desk : desks_) {
        this->prepare(desk.pass);
        desk.below = chain_.below({stack_.top(), stack_.top_gradient(), {}, {}});
    }
    this->clear_gradients();
    optimizer.share_out(workers);
}

template <class T>
void RecStep<T>::carve(Carver& carver, const BatchBounds& bounds) {
    const Index rows = stack_.each_step() ? bounds.total : bounds.rows;
    stack_.carve(carver, bounds.rows, bounds.total, bounds.steps, data_.ragged());
    targets_ = wanted_.carve(carver, wanted_.ctc() ? bounds.rows : rows, wanted_.weighted());
    this->carve_gradients(carver);
    chain_.carve(carver, rows);
    const Index scratch = std::max(stack_.scratch(), chain_.scratch());
    const Index room = wanted_.ctc() ? ctc_room(bounds.steps, rec_.spec().outputs(), bounds.labels) : 0;
    for (Desk& desk : desks_) {
        desk.pass.worker.scratch = carver.take<T>(scratch, 1);
        desk.room = carver.take<double>(room, 1);
    }
}

// The CTC losses of some sequences, and their gradients by all their steps' logits.
template <class T>
void RecStep<T>::align(const Desk& desk, Range rows) {
    const Tape<T>& top = chain_.top();
    for (Index row = rows.begin; row < rows.end; ++row)
        targets_.row_loss[row] = static_cast<T>(ctc<T>(
            stack_.layout(), row, top.y, rec_.spec().outputs(), wanted_.ctc_labels(stack_.sequence(row)),
            top.d, static_cast<double>(targets_.row_scale[row]), desk.room));
}

template <class T>
bool RecStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) {
    const RecSpec& spec = rec_.spec();
    Desk& desk = desks_[static_cast<std::size_t>(share.worker)];
    const Index first = place.piece * spec.bptt;
    if (share.worker == 0) {
        some_ = stack_.place(data_, {place.rows, place.start, place.size, first, spec.bptt});
        weight_ = some_ ? wanted_.total_weight(stack_, first) : 0.0;
    }
    barrier.wait();
    if (!some_) return false;
    desk.pass.worker.halt = halt;
    desk.pass.epoch = place.epoch;
    desk.pass.step = place.step;
    desk.pass.batch = stack_.head_rows();
    const SequenceLayout& layout = stack_.layout();
    const Range head = share.of(stack_.head_rows());
    if (place.piece == 0) stack_.clear_states(layout.own(share));
    wanted_.gather(stack_, first, weight_, targets_, wanted_.ctc() ? share.of(layout.rows) : head);
    stack_.forward(desk.pass, data_, share, barrier);
    chain_.forward(desk.pass, desk.below, share, head, barrier);
    if (wanted_.ctc()) {
        barrier.wait();
        align(desk, share.of(layout.rows));
        barrier.wait();
    } else {
        chain_.judge(backend_, spec.loss, targets_, weight_, head);
    }
    chain_.backward(desk.pass, desk.below, share, head, barrier);
    stack_.backward(desk.pass, share, barrier);
    chain_.weight_gradient(desk.pass, desk.below, share);
    return true;
}

template <class T>
void RecStep<T>::read_states(T* to) const {
    const Index size = state_size(), running = some_ ? stack_.layout().rows : 0;
    stack_.get_states({to, size}, {0, running});
    std::fill(to + running * size, to + rows_ * size, T(0));
}

template <class T>
void RecStep<T>::write_states(const T* from) {
    stack_.set_states({from, state_size()}, {0, rows_});
}

template <class T>
void RecStep<T>::batch_loss(const BatchPlace&, LossSum& sum) {
    const Index rows = wanted_.ctc() ? stack_.layout().rows : stack_.head_rows();
    sum = {targets_.row_scale ? backend_.weighted_sum(targets_.row_loss, targets_.row_scale, rows) * weight_
                              : backend_.sum(targets_.row_loss, rows),
           weight_};
}

template BatchBounds BatchBounds::of(const SequenceSet<float>&, Index, Index);
template BatchBounds BatchBounds::of(const SequenceSet<double>&, Index, Index);
template class RecStep<float>;
template class RecStep<double>;

}  // namespace ds
