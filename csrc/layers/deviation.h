// Minibatch standard deviation (Karras et al. 2018): rows in groups of `group`, one after another; a feature more, the
// same for all rows of a group, tells how much they differ. The formulas are kernels/deviation.h. A range of rows is
// always whole groups.
#pragma once
#include "layers/layer.h"

namespace ds {

template <class T>
class Deviation final : public Layer<T> {
public:
    Deviation(Index inputs, Index group) : Layer<T>(inputs, inputs + 1, {}), group_(group) {}

    bool trainable() const override { return false; }
    void plan(const Backend<T>&, Index, bool, Tape<T>&) const override {}
    Index scratch(const Tape<T>&) const override { return (group_ + 1) * ld(); }  // of infer()

    void carve(Carver& carver, Index batch, Tape<T>& tape) const override {
        Layer<T>::carve(carver, batch, tape);
        tape.aux = {carver.take<T>(batch, ld()), ld()};
        tape.stats = carver.take<T>(batch / group_, ld());
    }

    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        pass.backend->gan().deviation_forward(arguments(tape.y, below.x, tape, rows));
    }

    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        if (!below.d) return;
        pass.backend->gan().deviation_backward(arguments(below.d, tape.d, tape, rows));
        finish_backward(pass, below, rows);
    }

    Tape<T> view(const Tape<T>& tape, Index base, Index first) const override {
        Tape<T> v = Layer<T>::view(tape, base, first);
        v.stats = tape.stats + first / group_ * ld();
        return v;
    }

    void tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const override {
        pass.backend->gan().deviation_tangent(arguments(view.y, below.x, view, rows));
    }

    bool bends() const override { return true; }
    void backward_bent(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, const Below<T>& below_view,
                       const Tape<T>& view, Index first, Range rows) const override {
        if (!below.d) return;
        const Range of_batch{first + rows.begin, first + rows.end};
        DeviationArgs<T> a = arguments(below.d, tape.d, tape, of_batch);
        a.moved = below_view.x.row(rows.begin);
        a.ldm = below_view.x.ld;
        a.e = view.d.row(rows.begin);
        a.lde = view.d.ld;
        pass.backend->gan().deviation_backward_bent(a);
        finish_backward(pass, below, of_batch);
    }

    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>&,
               Index rows) const override {
        Tape<T> tape;
        tape.aux = {pass.worker.scratch, ld()};
        tape.stats = pass.worker.scratch + group_ * ld();
        for (Index r = 0; r < rows; r += group_)
            pass.backend->gan().deviation_forward(
                arguments({y.row(r), y.ld}, {x.row(r), x.ld}, tape, {0, group_}));
    }

private:
    Index ld() const { return leading_dim<T>(this->inputs_); }

    DeviationArgs<T> arguments(Matrix<T> y, Matrix<const T> x, const Tape<T>& tape, Range rows) const {
        DeviationArgs<T> a;
        a.groups = rows.size() / group_;
        a.group = group_;
        a.cols = this->inputs_;
        a.y = y.row(rows.begin);
        a.ldy = y.ld;
        a.x = x.row(rows.begin);
        a.ldx = x.ld;
        a.c = tape.aux.row(rows.begin);
        a.ld = tape.aux.ld;
        a.t = tape.stats + rows.begin / group_ * a.ld;
        return a;
    }

    void finish_backward(const Pass<T>& pass, const Below<T>& below, Range rows) const {
        pass.backend->activation_backward(below.d, below.saved, below.activation, rows, this->inputs_);
    }

    Index group_;
};

}  // namespace ds
