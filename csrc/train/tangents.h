// Gradients of input gradients, for penalties (Pearlmutter 1994; docs/gen.md has the derivation). With g = ∇s by the
// inputs of some rows of a batch, the gradient of Σ v·g by the parameters is that of the tangent of s along v. Three
// walks over the rows' tangents, which lie behind the batch in the chain's own tapes, so that the weight gradient of
// both is one product:
//   slopes    down   e, the gradient of s by every layer's pre-activation, and g
//   tangents  up     ẏ of every layer, from v in the inputs' place
//   backward  down   d of the batch, the loss's and what the tangents add
#pragma once
#include <vector>

#include "train/chain.h"

namespace ds {

template <class T>
class Tangents {
public:
    Tangents(const Layers<T>& layers, Chain<T>& chain) : layers_(layers), chain_(chain) {}

    // `rows` of them, of the batch's rows from `first` on; they lie from row `base` on.
    void carve(Carver& carver, Index rows) {
        bends_.resize(layers_.size());
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            const Index ld = leading_dim<T>(layers_[l]->outputs());
            if (activation_is_curved(layers_[l]->activation().kind))
                bends_[l] = {carver.take<T>(rows, ld), ld};
        }
    }
    // Once the chain is carved. `g` receives the gradients by the inputs, `x` are the tangents' inputs.
    void place(Index base, Index first, Matrix<const T> x, Matrix<T> g) {
        first_ = first;
        views_.clear();
        below_.clear();
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            views_.push_back(layers_[l]->view(chain_.tape(l), base, first));
            views_[l].bend = bends_[l];
        }
        below_.push_back({x, g, {}, {}});
        for (std::size_t l = 1; l < layers_.size(); ++l) {
            const Tape<T>& under = views_[l - 1];
            // What the activation does to e is put off where the curvature wants e without it.
            if (under.bend)
                below_.push_back({under.y, under.bend, {}, {}});
            else
                below_.push_back({under.y, under.d, under.saved, layers_[l - 1]->activation()});
        }
    }

    void slopes(const Pass<T>& pass, Range rows) {
        const Tape<T>& top = views_.back();
        const Matrix<T> e = top.bend ? top.bend : top.d;
        for (Index i = rows.begin; i < rows.end; ++i) std::fill_n(e.row(i), layers_.back()->outputs(), T(1));
        if (!top.bend)
            pass.backend->activation_backward(top.d, top.saved, layers_.back()->activation(), rows,
                                              layers_.back()->outputs());
        for (std::size_t l = layers_.size(); l-- > 0;) {
            if (views_[l].bend) {
                const Index cols = layers_[l]->outputs();
                pass.backend->copy(views_[l].d, views_[l].bend, rows, cols);
                pass.backend->activation_backward(views_[l].d, views_[l].saved, layers_[l]->activation(),
                                                  rows, cols);
            }
            layers_[l]->backward(pass, below_[l], views_[l], rows);
        }
    }

    void tangents(const Pass<T>& pass, Range rows) {
        for (std::size_t l = 0; l < layers_.size(); ++l)
            layers_[l]->tangent(pass, below_[l], views_[l], rows);
    }

    // Chain::backward of rows of the batch, `moved` of whose have tangents.
    void backward(const Pass<T>& pass, const std::vector<Below<T>>& below, Range rows, Range moved) {
        const Range mine{std::max(rows.begin, first_ + moved.begin), std::min(rows.end, first_ + moved.end)};
        const Range own{mine.begin - first_, mine.end - first_};
        for (std::size_t l = layers_.size(); l-- > 0;) {
            Tape<T>& tape = chain_.tape(l);
            if (views_[l].bend && !mine.empty()) {
                const Matrix<T> shifted{tape.d.row(first_), tape.d.ld};
                pass.backend->add(shifted, views_[l].bend, own, layers_[l]->outputs());
            }
            layers_[l]->backward(pass, below[l], tape, rows);
            if (layers_[l]->bends() && !mine.empty())
                layers_[l]->backward_bent(pass, below[l], tape, below_[l], views_[l], first_, own);
        }
    }

private:
    const Layers<T>& layers_;
    Chain<T>& chain_;
    Index first_ = 0;
    std::vector<Matrix<T>> bends_;
    std::vector<Tape<T>> views_;
    std::vector<Below<T>> below_;
};

}  // namespace ds
