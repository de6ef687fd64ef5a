// Double backward through dense layers, for gradient penalties (Pearlmutter 1994; docs/design/gan.md derives
// it). Let g = ∂s/∂x for some rows of a batch. The parameters' gradient of Σ v·g is that of the tangent ṡ of
// s along v. The tangents lie behind the batch in the layers' buffers, so one product yields the weight
// gradient of both. Three passes:
//   input_gradient    backward   e = ∂s/∂z of every layer, and g
//   forward_tangents  forward    ẏ of every layer, from ẋ = v
//   backward          backward   d of the batch: the loss's gradient plus the tangents' part
#pragma once
#include <vector>

#include "training/sequential.h"

namespace ds {

template <class T>
class Tangents {
public:
    Tangents(const Layers<T>& layers, Sequential<T>& sequential) : layers_(layers), sequential_(sequential) {}

    // Allocates for `rows` tangents.
    void allocate_buffers(ArenaPlanner& planner, Index rows) {
        second_order_.resize(layers_.size());
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            if (activation_has_second_derivative(layers_[l]->activation().kind))
                second_order_[l] = planner.matrix<T>(rows, layers_[l]->outputs());
        }
    }
    // Once the layers' buffers are allocated: the tangents of batch rows `first` … lie from row `base` on.
    // `x` is the tangents' input, `g` receives the input gradient.
    void set_views(Index base, Index first, Matrix<const T> x, Matrix<T> g) {
        first_ = first;
        views_.clear();
        layer_input_.clear();
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            views_.push_back(layers_[l]->tangent_view(sequential_.buffers(l), base, first));
            views_[l].second_order = second_order_[l];
        }
        layer_input_.push_back({x, g, {}, {}});
        for (std::size_t l = 1; l < layers_.size(); ++l) {
            const LayerBuffers<T>& under = views_[l - 1];
            // An activation with a second derivative needs e before its own backward, so that is applied
            // later.
            if (under.second_order)
                layer_input_.push_back({under.y, under.second_order, {}, {}});
            else
                layer_input_.push_back({under.y, under.d, under.saved, layers_[l - 1]->activation()});
        }
    }

    void input_gradient(const ExecContext<T>& exec, Range rows) {
        const LayerBuffers<T>& top = views_.back();
        const Matrix<T> e = top.second_order ? top.second_order : top.d;
        exec.backend->fill(e, T(1), rows);
        if (!top.second_order)
            exec.backend->activation_backward(top.d, top.saved, layers_.back()->activation(), rows);
        for (std::size_t l = layers_.size(); l-- > 0;) {
            if (views_[l].second_order) {
                exec.backend->copy(views_[l].d, views_[l].second_order, rows);
                exec.backend->activation_backward(views_[l].d, views_[l].saved, layers_[l]->activation(),
                                                  rows);
            }
            layers_[l]->backward(exec, layer_input_[l], views_[l], rows);
        }
    }

    void forward_tangents(const ExecContext<T>& exec, Range rows) {
        for (std::size_t l = 0; l < layers_.size(); ++l)
            layers_[l]->tangent(exec, layer_input_[l], views_[l], rows);
    }

    // Sequential::backward for some rows of the batch; `with_tangents` are the rows of the view that have
    // tangents.
    void backward(const ExecContext<T>& exec, const std::vector<LayerInput<T>>& layer_input, Range rows,
                  Range with_tangents) {
        const Range batch_rows{std::max(rows.begin, first_ + with_tangents.begin),
                               std::min(rows.end, first_ + with_tangents.end)};
        const Range view_rows{batch_rows.begin - first_, batch_rows.end - first_};
        for (std::size_t l = layers_.size(); l-- > 0;) {
            LayerBuffers<T>& buffers = sequential_.buffers(l);
            if (views_[l].second_order && !batch_rows.empty()) {
                const Matrix<T> shifted = buffers.d.rows_from(first_);
                exec.backend->add(shifted, views_[l].second_order, view_rows);
            }
            layers_[l]->backward(exec, layer_input[l], buffers, rows);
            if (layers_[l]->has_second_order() && !batch_rows.empty())
                layers_[l]->double_backward(exec, layer_input[l], buffers, layer_input_[l], views_[l], first_,
                                            view_rows);
        }
    }

private:
    const Layers<T>& layers_;
    Sequential<T>& sequential_;
    Index first_ = 0;
    std::vector<Matrix<T>> second_order_;
    std::vector<LayerBuffers<T>> views_;
    std::vector<LayerInput<T>> layer_input_;
};

}  // namespace ds
