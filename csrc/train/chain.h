// The dense layers of a model in training: what they keep of a batch, the walk up, the loss, and the walk down. A
// Net is one chain; a Rec has one on top. Called by each worker for its rows or tiles.
#pragma once
#include <algorithm>
#include <vector>

#include "core/team.h"
#include "train/loss.h"
#include "train/net_model.h"

namespace ds {

// What a chain's rows are held against, and where their losses go.
template <class T>
struct Targets {
    Matrix<T> values;
    std::int64_t* label = nullptr;  // one of the two
    T* row_loss = nullptr;
    T* row_scale = nullptr;  // w / Σ w; null: all the same
};

template <class T>
class Chain {
public:
    explicit Chain(const Layers<T>& layers) : layers_(layers), tapes_(layers.size()) {
        for (const auto& layer : layers) couples_rows_ |= layer->couples_rows();
    }

    void plan(const Backend<T>& backend, Index rows) {
        for (std::size_t l = 0; l < tapes_.size(); ++l) layers_[l]->plan(backend, rows, true, tapes_[l]);
    }
    void carve(Carver& carver, Index rows) {
        for (std::size_t l = 0; l < tapes_.size(); ++l) layers_[l]->carve(carver, rows, tapes_[l]);
    }
    // Where the outputs and the gradient by the last pre-activation lie instead: with whoever reads and writes them.
    // Rows have room as in a tape. Before below().
    void lend_top(Matrix<T> y, Matrix<T> d) {
        Tape<T>& top = tapes_.back();
        if (top.saved.p == top.y.p) top.saved = y;
        top.y = y;
        top.d = d;
    }
    Index scratch() const {
        Index most = 0;
        for (std::size_t l = 0; l < tapes_.size(); ++l) most = std::max(most, layers_[l]->scratch(tapes_[l]));
        return most;
    }

    // What each layer sees below it; `first` is what lies under the chain.
    std::vector<Below<T>> below(const Below<T>& first) const {
        std::vector<Below<T>> all{first};
        for (std::size_t l = 1; l < tapes_.size(); ++l) {
            const Tape<T>& tape = tapes_[l - 1];
            // Nothing under the first trainable layer wants a gradient, unless something under the chain does.
            const bool wanted = first.d || l > 1 || layers_[0]->trainable();
            const Matrix<T> d = wanted ? tape.d : Matrix<T>{};
            all.push_back({tape.y, d, tape.saved, layers_[l - 1]->activation(), true});
        }
        return all;
    }

    // The pass's halt is asked between layers. `all`: the rows of all workers; without them everybody keeps to its own.
    void forward(const Pass<T>& pass, const std::vector<Below<T>>& below, Share share, Range rows,
                 Barrier& barrier, Range all = {}) {
        for (std::size_t l = 0, count = tapes_.size(); l < count; ++l) {
            const Layer<T>& layer = *layers_[l];
            if (alone(share)) {
                if (!pass.worker.halted()) layer.forward(pass, below[l], tapes_[l], rows);
                continue;
            }
            if (layer.couples_rows()) {
                barrier.wait();
                layer.couple_forward(pass, below[l], tapes_[l], share);
                barrier.wait();
            }
            walk(pass, layer, share, rows, all, barrier, [&](const Pass<T>& mine, Range some) {
                if (!pass.worker.halted()) layer.forward(mine, below[l], tapes_[l], some);
            });
        }
    }

    // Losses of some rows, and the gradient by the last layer's pre-activation. `weight` is the batch's Σ w.
    void judge(const Backend<T>& backend, const LossSpec& spec, const Targets<T>& targets, double weight,
               Range rows) {
        if (rows.empty()) return;
        const Tape<T>& top = tapes_.back();
        const Layer<T>& last = *layers_.back();
        // A fused loss finds the logits where the outputs would be.
        LossArgs<T> a =
            loss_arguments<T>(spec, rows.size(), last.outputs(), {top.y.row(rows.begin), top.y.ld});
        if (targets.values) {
            a.target = targets.values.row(rows.begin);
            a.ldt = targets.values.ld;
        } else {
            a.label = targets.label + rows.begin;
        }
        if (targets.row_scale) a.row_scale = targets.row_scale + rows.begin;
        a.scale = static_cast<T>(1.0 / weight);
        a.row_loss = targets.row_loss + rows.begin;
        a.d = top.d.row(rows.begin);
        a.ldd = top.d.ld;
        backend.loss(spec.kind, a);
        if (!loss_is_fused(spec.kind))
            backend.activation_backward(top.d, top.saved, last.activation(), rows, a.cols);
    }

    void backward(const Pass<T>& pass, const std::vector<Below<T>>& below, Share share, Range rows,
                  Barrier& barrier, Range all = {}) {
        for (std::size_t l = tapes_.size(); l-- > 0;) {
            const Layer<T>& layer = *layers_[l];
            if (alone(share)) {
                if (!pass.worker.halted()) layer.backward(pass, below[l], tapes_[l], rows);
                continue;
            }
            if (layer.couples_rows()) {
                barrier.wait();
                layer.couple_backward(pass, below[l], tapes_[l], share);
                barrier.wait();
            }
            walk(pass, layer, share, rows, all, barrier, [&](const Pass<T>& mine, Range some) {
                if (!pass.worker.halted()) layer.backward(mine, below[l], tapes_[l], some);
            });
        }
    }

    void weight_gradient(const Pass<T>& pass, const std::vector<Below<T>>& below, Share share) {
        for (std::size_t l = 0; l < tapes_.size() && !pass.worker.halted(); ++l)
            layers_[l]->weight_gradient(pass, below[l], tapes_[l], share);
    }

    // What weight_gradient() leaves out where the pass says so.
    bool makes(const Parameter& p) const {
        for (std::size_t l = 0; l < tapes_.size(); ++l)
            if (layers_[l]->weight_by_rows(tapes_[l]) == p.offset) return true;
        return false;
    }
    void make(const Pass<T>& pass, const std::vector<Below<T>>& below, const Parameter& p, Range rows, T* to,
              const Wanted<T>& wanted) const {
        for (std::size_t l = 0; l < tapes_.size(); ++l)
            if (layers_[l]->weight_by_rows(tapes_[l]) == p.offset)
                return layers_[l]->gradient_rows(pass, below[l], tapes_[l], rows, to, wanted);
    }

    // Running statistics, which only layers that couple rows keep.
    void end_step(const Pass<T>& pass, T* params) const {
        if (!couples_rows_) return;
        for (std::size_t l = 0; l < tapes_.size(); ++l) layers_[l]->end_step(pass, tapes_[l], params);
    }

    const Tape<T>& top() const { return tapes_.back(); }
    const Layer<T>& last() const { return *layers_.back(); }
    Tape<T>& tape(std::size_t layer) { return tapes_[layer]; }

private:
    // Nobody to wait for or to divide a layer with, and no layer that looks at all rows: a small net feels every
    // question.
    bool alone(Share share) const { return share.workers == 1 && !couples_rows_; }

    // pass_layer(pass, rows): each worker over its own rows, or, where these are few for so many weights, all of them
    // over all rows together, each with its own columns: then no two read the same weights.
    template <class PassLayer>
    static void walk(const Pass<T>& pass, const Layer<T>& layer, Share share, Range rows, Range all,
                     Barrier& barrier, const PassLayer& pass_layer) {
        if (share.workers == 1 || all.empty() || !layer.divides(all.size() / share.workers))
            return pass_layer(pass, rows);
        const Together together{share, barrier};
        Pass<T> mine = pass;
        mine.together = &together;
        barrier.wait();
        pass_layer(mine, all);
        barrier.wait();
    }

    const Layers<T>& layers_;
    std::vector<Tape<T>> tapes_;
    bool couples_rows_ = false;
};

}  // namespace ds
