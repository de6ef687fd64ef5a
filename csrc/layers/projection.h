// A score that depends on labels (Miyato & Koyama 2018): s = act(w_r · h + b) with w_r = w + Σ_j E[j C + label_rj],
// over the labels of the rows that are packed in row r. w_r is kept, a row a row; the dot product is summed in 16
// lanes.
#pragma once
#include <string>

#include "layers/layer.h"

namespace ds {

template <class T>
class Projection final : public Layer<T> {
public:
    // Adds `name`.weight and .bias with `index`, and `embedding` (pack · classes rows) with `embedding_index`.
    Projection(ParameterTable& table, const std::string& name, Index index, const std::string& embedding,
               Index embedding_index, Index inputs, Index classes, Index pack, bool bias,
               ActivationOf<T> activation)
        : Layer<T>(inputs, 1, activation), classes_(classes), pack_(pack) {
        weight_ = table[table.add(name + ".weight", ParameterKind::kWeight, index, inputs, 1)].offset;
        if (bias) bias_ = table[table.add(name + ".bias", ParameterKind::kBias, index, 1, 1)].offset;
        const Index e =
            table.add(embedding, ParameterKind::kEmbedding, embedding_index, pack * classes, inputs);
        embedding_ = table[e].offset;
        ld_ = table[e].ld;
    }

    void carve(Carver& carver, Index batch, Tape<T>& tape) const override {
        Layer<T>::carve(carver, batch, tape);
        const Index ld = leading_dim<T>(this->inputs_);
        tape.aux = {carver.take<T>(batch, ld), ld};
    }

    void plan(const Backend<T>& backend, Index batch, bool training, Tape<T>& tape) const override {
        if (training) tape.backward_weight = backend.plan_backward_weight(batch, this->inputs_, 1, 1);
    }
    Index scratch(const Tape<T>& tape) const override {
        return std::max(tape.backward_weight.scratch(), this->inputs_);
    }

    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        for (Index r = rows.begin; r < rows.end; ++r) {
            readout(pass, r, tape.aux.row(r));
            tape.saved.row(r)[0] = score(pass, tape.aux.row(r), below.x.row(r));
        }
        pass.backend->activation_forward(tape.y, tape.saved, this->activation_, rows, 1);
    }

    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override {
        if (!below.d) return;
        for (Index r = rows.begin; r < rows.end; ++r)
            pass.backend->gan().scaled(below.d.row(r), tape.d.row(r)[0], tape.aux.row(r), this->inputs_);
        pass.backend->activation_backward(below.d, below.saved, below.activation, rows, this->inputs_);
    }

    void tangent(const Pass<T>& pass, const Below<T>& below, Tape<T>& view, Range rows) const override {
        for (Index r = rows.begin; r < rows.end; ++r)
            view.y.row(r)[0] = pass.backend->gan().dot(below.x.row(r), view.aux.row(r), this->inputs_);
        this->finish_tangent(pass, view, rows);
    }

    void weight_gradient(const Pass<T>& pass, const Below<T>& below, const Tape<T>& tape,
                         Share share) const override {
        const Index rows = pass.batch + pass.tangents;
        const LinearBackwardWeight<T> op{.plan = &tape.backward_weight,
                                         .dw = {pass.grads + weight_, 1},
                                         .dbias = bias_ < 0 ? nullptr : pass.grads + bias_,
                                         .dy = tape.d,
                                         .x = below.x,
                                         .inputs = this->inputs_,
                                         .outputs = 1,
                                         .batch = rows,
                                         .bias_batch = pass.batch};
        pass.backend->linear_backward_weight(op, share, pass.worker);
        const Range cols = share.of(this->inputs_, 16);
        if (cols.empty()) return;
        T* de = pass.grads + embedding_ + cols.begin;
        for (Index c = 0; c < pack_ * classes_; ++c) std::fill_n(de + c * ld_, cols.size(), T(0));
        for (Index r = 0; r < rows; ++r)
            for (Index j = 0; j < pack_; ++j)
                pass.backend->gan().axpy(de + entry(pass, r, j) * ld_, tape.d.row(r)[0],
                                         below.x.row(r) + cols.begin, cols.size());
    }

    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>&,
               Index rows) const override {
        for (Index r = 0; r < rows; ++r) {
            readout(pass, r, pass.worker.scratch);
            y.row(r)[0] = score(pass, pass.worker.scratch, x.row(r));
        }
        pass.backend->activation_forward(y, y, this->activation_, {0, rows}, 1);
    }

private:
    Index entry(const Pass<T>& pass, Index r, Index j) const {
        return j * classes_ + pass.labels[r * pack_ + j];
    }

    void readout(const Pass<T>& pass, Index r, T* w) const {
        std::copy_n(pass.params + weight_, this->inputs_, w);
        for (Index j = 0; j < pack_; ++j)
            pass.backend->gan().axpy(w, T(1), pass.params + embedding_ + entry(pass, r, j) * ld_,
                                     this->inputs_);
    }
    T score(const Pass<T>& pass, const T* w, const T* h) const {
        const T z = pass.backend->gan().dot(h, w, this->inputs_);
        return bias_ < 0 ? z : z + pass.params[bias_];
    }

    Index classes_, pack_;
    Index weight_ = 0, bias_ = -1, embedding_ = 0, ld_ = 0;
};

}  // namespace ds
