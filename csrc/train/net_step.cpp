#include "train/net_step.h"

#include <algorithm>

#include "train/loss.h"

namespace ds {

template <class T>
NetStep<T>::NetStep(NetModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                    const Dataset<T>& data, Index batch, int workers)
    : Step<T>(model, backend, optimizer), net_(model), data_(data), tapes_(model.layers().size()) {
    for (std::size_t l = 0; l < tapes_.size(); ++l) model.layers()[l]->plan(backend, batch, true, tapes_[l]);
    desks_.resize(static_cast<std::size_t>(workers));
    Carver measure;
    carve(measure, batch);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver, batch);
    set_desks();
    this->clear_gradients();
    optimizer.share_out(workers);
}

template <class T>
void NetStep<T>::carve(Carver& carver, Index batch) {
    const NetSpec& spec = net_.spec();
    const Index ldx = leading_dim<T>(spec.inputs);
    x_ = {carver.take<T>(batch, ldx), ldx};
    if (data_.label) label_ = carver.take<std::int64_t>(batch, 1);
    const Index ldt = leading_dim<T>(spec.outputs());
    if (data_.target) target_ = {carver.take<T>(batch, ldt), ldt};
    row_loss_ = carver.take<T>(batch, 1);
    row_scale_ = carver.take<T>(batch, 1);
    this->carve_gradients(carver);
    Index scratch = 0;
    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        net_.layers()[l]->carve(carver, batch, tapes_[l]);
        scratch = std::max(scratch, net_.layers()[l]->scratch(tapes_[l]));
    }
    for (Desk& desk : desks_) desk.pass.scratch = carver.take<T>(scratch, 1);
}

template <class T>
void NetStep<T>::set_desks() {
    for (Desk& desk : desks_) {
        desk.pass.backend = &backend_;
        desk.pass.params = net_.params();
        desk.pass.copies = net_.copies();
        desk.pass.grads = grads_;
        desk.pass.seed = net_.spec().seed;
        desk.below.push_back({x_, {}, {}, {}});
        for (std::size_t l = 1; l < tapes_.size(); ++l) {
            const Tape<T>& tape = tapes_[l - 1];
            // Nothing under the first trainable layer wants a gradient.
            const bool wanted = l > 1 || net_.layers()[0]->trainable();
            desk.below.push_back(
                {tape.y, wanted ? tape.d : Matrix<T>{}, tape.saved, net_.layers()[l - 1]->activation()});
        }
    }
}

template <class T>
void NetStep<T>::gather(const BatchPlace& place, Range rows) {
    if (place.rows) backend_.gather(x_, data_.inputs(), place.rows, rows, data_.cols);
    if (data_.target) {
        const Matrix<const T> source{data_.target, data_.target_cols};
        if (place.rows)
            backend_.gather(target_, source, place.rows, rows, data_.target_cols);
        else
            for (Index i = rows.begin; i < rows.end; ++i)
                std::copy_n(source.row(place.start + i), data_.target_cols, target_.row(i));
        return;
    }
    for (Index i = rows.begin; i < rows.end; ++i)
        label_[i] = data_.label[place.rows ? place.rows[i] : place.start + i];
}

// Σ w over the whole batch, by every worker for itself: ascending, in double.
template <class T>
double NetStep<T>::batch_weight(const BatchPlace& place) const {
    if (!data_.weight) return static_cast<double>(place.size);
    double sum = 0.0;
    for (Index i = 0; i < place.size; ++i) sum += data_.weight[place.rows ? place.rows[i] : place.start + i];
    return sum;
}

template <class T>
void NetStep<T>::rows_forward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll) {
    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        const Layer<T>& layer = *net_.layers()[l];
        const Below<T>& under = desk.below[l];
        if (layer.couples_rows()) {
            barrier.wait();
            layer.couple_forward(desk.pass, under, tapes_[l], share);
            barrier.wait();
        }
        if (!this->give_up(poll)) layer.forward(desk.pass, under, tapes_[l], rows);
    }
}

template <class T>
void NetStep<T>::rows_loss(const BatchPlace& place, double weight, Range rows) {
    if (rows.empty()) return;
    const LossSpec& spec = net_.spec().loss;
    const Tape<T>& top = tapes_.back();
    const ActivationOf<T>& activation = net_.layers().back()->activation();
    // A fused loss finds the logits where the outputs would be.
    LossArgs<T> a =
        loss_arguments<T>(spec, rows.size(), net_.spec().outputs(), {top.y.row(rows.begin), top.y.ld});
    if (data_.target) {
        a.target = target_.row(rows.begin);
        a.ldt = target_.ld;
    } else {
        a.label = label_ + rows.begin;
    }
    if (data_.weight) {
        for (Index i = rows.begin; i < rows.end; ++i) {
            const double w = data_.weight[place.rows ? place.rows[i] : place.start + i];
            row_scale_[i] = weight > 0.0 ? static_cast<T>(w / weight) : T(0);
        }
        a.row_scale = row_scale_ + rows.begin;
    }
    a.scale = static_cast<T>(1.0 / weight);
    a.row_loss = row_loss_ + rows.begin;
    a.d = top.d.row(rows.begin);
    a.ldd = top.d.ld;
    backend_.loss(spec.kind, a);
    if (!loss_is_fused(spec.kind)) backend_.activation_backward(top.d, top.saved, activation, rows, a.cols);
}

template <class T>
void NetStep<T>::rows_backward(const Desk& desk, Share share, Range rows, Barrier& barrier, Poll* poll) {
    for (std::size_t l = tapes_.size(); l-- > 0;) {
        const Layer<T>& layer = *net_.layers()[l];
        const Below<T>& under = desk.below[l];
        if (layer.couples_rows()) {
            barrier.wait();
            layer.couple_backward(desk.pass, under, tapes_[l], share);
            barrier.wait();
        }
        if (!this->give_up(poll)) layer.backward(desk.pass, under, tapes_[l], rows);
    }
}

template <class T>
bool NetStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, Poll* poll) {
    Desk& desk = desks_[static_cast<std::size_t>(share.worker)];
    desk.pass.epoch = place.epoch;
    desk.pass.step = place.step;
    desk.pass.batch = place.size;
    // A batch that is a run of the data set's rows is read where it lies.
    if (!place.rows) desk.below[0].x = {data_.x + place.start * data_.cols, data_.cols};
    const Range rows = share.of(place.size);
    desk.weight = batch_weight(place);
    gather(place, rows);
    rows_forward(desk, share, rows, barrier, poll);
    rows_loss(place, desk.weight, rows);
    rows_backward(desk, share, rows, barrier, poll);
    barrier.wait();

    for (std::size_t l = 0; l < tapes_.size(); ++l) {
        if (this->give_up(poll)) break;
        net_.layers()[l]->weight_gradient(desk.pass, desk.below[l], tapes_[l], share);
    }
    return true;
}

template <class T>
LossSum NetStep<T>::batch_loss(const BatchPlace& place) {
    const double weight = desks_[0].weight;
    return {data_.weight ? backend_.weighted_sum(row_loss_, row_scale_, place.size) * weight
                         : backend_.sum(row_loss_, place.size),
            weight};
}

template <class T>
void NetStep<T>::end_step() {
    for (std::size_t l = 0; l < tapes_.size(); ++l)
        net_.layers()[l]->end_step(desks_[0].pass, tapes_[l], net_.params());
}

template class NetStep<float>;
template class NetStep<double>;

}  // namespace ds
