#include "train/net_step.h"

#include <algorithm>

namespace ds {

template <class T>
NetStep<T>::NetStep(NetModel<T>& model, const Backend<T>& backend, OptimizerState<T>& optimizer,
                    const Dataset<T>& data, Index batch, int workers)
    : Step<T>(model, backend, optimizer), net_(model), data_(data), batch_(batch), chain_(model.layers()) {
    chain_.plan(backend, batch);
    desks_.resize(static_cast<std::size_t>(workers));
    Carver measure;
    carve(measure, batch);
    memory_ = Buffer<T>(measure.elements<T>());
    Carver carver(memory_.data(), memory_.bytes());
    carve(carver, batch);
    for (Desk& desk : desks_) {
        this->prepare(desk.pass);
        desk.pass.by_rows = this->by_rows();
        desk.below = chain_.below({x_, {}, {}, {}});
    }
    this->clear_gradients();
    optimizer.share_out(workers);
}

template <class T>
void NetStep<T>::carve(Carver& carver, Index batch) {
    const NetSpec& spec = net_.spec();
    const Index ldx = leading_dim<T>(spec.inputs);
    x_ = {carver.take<T>(batch, ldx), ldx};
    if (data_.label) targets_.label = carver.take<std::int64_t>(batch, 1);
    const Index ldt = leading_dim<T>(spec.outputs());
    if (data_.target) targets_.values = {carver.take<T>(batch, ldt), ldt};
    targets_.row_loss = carver.take<T>(batch, 1);
    if (data_.weight) targets_.row_scale = carver.take<T>(batch, 1);
    this->carve_gradients(carver);
    chain_.carve(carver, batch);
    const Index scratch = chain_.scratch();
    for (Desk& desk : desks_) desk.pass.worker.scratch = carver.take<T>(scratch, 1);
}

template <class T>
void NetStep<T>::gather(const BatchPlace& place, double weight, Range rows) {
    const auto at = [&place](Index i) { return place.rows ? place.rows[i] : place.start + i; };
    if (!in_place(place)) backend_.gather(x_, data_.inputs(), place.rows, rows, data_.cols);
    if (data_.weight)
        for (Index i = rows.begin; i < rows.end; ++i)
            targets_.row_scale[i] =
                weight > 0.0 ? static_cast<T>(double(data_.weight[at(i)]) / weight) : T(0);
    if (!data_.target) {
        for (Index i = rows.begin; i < rows.end; ++i) targets_.label[i] = data_.label[at(i)];
        return;
    }
    const Matrix<const T> source{data_.target, data_.target_cols};
    if (place.rows)
        backend_.gather(targets_.values, source, place.rows, rows, data_.target_cols);
    else
        for (Index i = rows.begin; i < rows.end; ++i)
            copy_row(targets_.values.row(i), source.row(at(i)), data_.target_cols);
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
bool NetStep<T>::learn(const BatchPlace& place, Share share, Barrier& barrier, const Halt* halt) {
    Desk& desk = desks_[static_cast<std::size_t>(share.worker)];
    desk.pass.worker.halt = halt;
    desk.pass.epoch = place.epoch;
    desk.pass.step = place.step;
    desk.pass.batch = place.size;
    if (in_place(place)) desk.below[0].x = {data_.x + first(place) * data_.cols, data_.cols};
    const Range rows = share.of(place.size), all{0, place.size};
    desk.weight = batch_weight(place);
    gather(place, desk.weight, rows);
    chain_.forward(desk.pass, desk.below, share, rows, barrier, all);
    chain_.judge(backend_, net_.spec().loss, targets_, desk.weight, rows);
    chain_.backward(desk.pass, desk.below, share, rows, barrier, all);
    barrier.wait();
    chain_.weight_gradient(desk.pass, desk.below, share);
    return true;
}

template <class T>
void NetStep<T>::make(const Parameter& p, Range rows, T* to, const Wanted<T>& wanted, Share share) const {
    const Desk& desk = desks_[static_cast<std::size_t>(share.worker)];
    chain_.make(desk.pass, desk.below, p, rows, to, wanted);
}

template <class T>
void NetStep<T>::batch_loss(const BatchPlace& place, LossSum& sum) {
    const double weight = desks_[0].weight;
    sum = {data_.weight ? backend_.weighted_sum(targets_.row_loss, targets_.row_scale, place.size) * weight
                        : backend_.sum(targets_.row_loss, place.size),
           weight};
}

template <class T>
void NetStep<T>::end_step() {
    chain_.end_step(desks_[0].pass, net_.params());
}

template class NetStep<float>;
template class NetStep<double>;

}  // namespace ds
