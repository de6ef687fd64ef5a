// The dense layers of a model in training: their buffers for a batch, forward pass, loss and backward pass.
// Each worker calls the member functions for its rows or tiles.
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "core/threads/thread_pool.h"
#include "training/dense_layers.h"
#include "training/loss.h"

namespace ds {

// Targets of the rows, and their losses.
template <class T>
struct Targets {
    Matrix<T> values;
    std::int64_t* label = nullptr;  // instead of values
    T* row_loss = nullptr;
    T* row_scale = nullptr;  // w / Σ w; null: all rows have the same weight
};

template <class T>
class Sequential {
public:
    explicit Sequential(std::span<const std::unique_ptr<Layer<T>>> layers)
        : layers_(layers), buffers_(layers.size()) {
        for (const auto& layer : layers) couples_rows_ |= layer->couples_rows();
    }

    void plan(const Backend<T>& backend, Index rows) {
        for (std::size_t l = 0; l < buffers_.size(); ++l) layers_[l]->plan(backend, rows, true, buffers_[l]);
    }
    void allocate_buffers(ArenaPlanner& planner, Index rows) {
        for (std::size_t l = 0; l < buffers_.size(); ++l)
            layers_[l]->allocate_buffers(planner, rows, buffers_[l]);
    }
    // Replaces the last layer's output and gradient buffers by those of the caller, padded alike. Call it
    // before layer_input().
    void alias_output(Matrix<T> y, Matrix<T> d) {
        LayerBuffers<T>& top = buffers_.back();
        if (top.saved.p == top.y.p) top.saved = y;
        top.y = y;
        top.d = d;
    }
    Index scratchpad_size() const {
        Index most = 0;
        for (std::size_t l = 0; l < buffers_.size(); ++l)
            most = std::max(most, layers_[l]->scratchpad_size(buffers_[l]));
        return most;
    }

    // The input of each layer; `input` is that of the first.
    std::vector<LayerInput<T>> layer_input(const LayerInput<T>& input) const {
        std::vector<LayerInput<T>> all{input};
        for (std::size_t l = 1; l < buffers_.size(); ++l) {
            const LayerBuffers<T>& buffers = buffers_[l - 1];
            // Without a gradient of the input, the first trainable layer needs none of its own input either.
            const bool needs_grad = input.d || l > 1 || layers_[0]->trainable();
            const Matrix<T> d = needs_grad ? buffers.d : Matrix<T>{};
            all.push_back({buffers.y, d, buffers.saved, layers_[l - 1]->activation(), true});
        }
        return all;
    }

    // Reads the stop token between layers. `all`: the rows of all workers, which allows column parallelism.
    void forward(const ExecContext<T>& exec, const std::vector<LayerInput<T>>& layer_input, Share share,
                 Range rows, Barrier& barrier, Range all = {}) {
        for (std::size_t l = 0, count = buffers_.size(); l < count; ++l) {
            const Layer<T>& layer = *layers_[l];
            if (runs_alone(share)) {
                if (!exec.worker.stop_requested()) layer.forward(exec, layer_input[l], buffers_[l], rows);
                continue;
            }
            if (layer.couples_rows()) {
                barrier.wait();
                layer.couple_forward(exec, layer_input[l], buffers_[l], share);
                barrier.wait();
            }
            const Range shared = layer_input[l].sparse ? Range{} : all;  // sparse rows have few products
            run_layer(exec, layer, share, rows, shared, barrier, [&](const ExecContext<T>& mine, Range some) {
                if (!exec.worker.stop_requested()) layer.forward(mine, layer_input[l], buffers_[l], some);
            });
        }
    }

    // Losses of some rows, and their gradients with respect to the last pre-activation. `weight` is Σ w of
    // the batch.
    void loss_and_gradient(const Backend<T>& backend, const LossSpec& spec, const Targets<T>& targets,
                           double weight, Range rows) {
        if (rows.empty()) return;
        const LayerBuffers<T>& top = buffers_.back();
        const Layer<T>& last = *layers_.back();
        // For a fused loss, the last layer's output buffer holds the logits.
        LossArgs<T> a = loss_arguments<T>(spec, top.y.row_slice(rows));
        if (targets.values)
            a.target = targets.values.row_slice(rows);
        else
            a.label = targets.label + rows.begin;
        if (targets.row_scale) a.row_scale = targets.row_scale + rows.begin;
        a.scale = static_cast<T>(1.0 / weight);
        a.row_loss = targets.row_loss + rows.begin;
        a.d = top.d.row_slice(rows);
        backend.loss(spec.kind, a);
        if (!traits_of(spec.kind).is_fused())
            backend.activation_backward(top.d, top.saved, last.activation(), rows);
    }

    void backward(const ExecContext<T>& exec, const std::vector<LayerInput<T>>& layer_input, Share share,
                  Range rows, Barrier& barrier, Range all = {}) {
        for (std::size_t l = buffers_.size(); l-- > 0;) {
            const Layer<T>& layer = *layers_[l];
            if (runs_alone(share)) {
                if (!exec.worker.stop_requested()) layer.backward(exec, layer_input[l], buffers_[l], rows);
                continue;
            }
            if (layer.couples_rows()) {
                barrier.wait();
                layer.couple_backward(exec, layer_input[l], buffers_[l], share);
                barrier.wait();
            }
            const Range shared = layer_input[l].sparse ? Range{} : all;
            run_layer(exec, layer, share, rows, shared, barrier, [&](const ExecContext<T>& mine, Range some) {
                if (!exec.worker.stop_requested()) layer.backward(mine, layer_input[l], buffers_[l], some);
            });
        }
    }

    void weight_gradient(const ExecContext<T>& exec, const std::vector<LayerInput<T>>& layer_input,
                         Share share) {
        for (std::size_t l = 0; l < buffers_.size() && !exec.worker.stop_requested(); ++l)
            layers_[l]->weight_gradient(exec, layer_input[l], buffers_[l], share);
    }

    // The weight gradients that weight_gradient() leaves out (ExecContext::by_rows).
    bool has_gradient_rows(const Parameter& p) const {
        for (std::size_t l = 0; l < buffers_.size(); ++l)
            if (layers_[l]->weight_by_rows(buffers_[l]) == p.offset) return true;
        return false;
    }
    void gradient_rows(const ExecContext<T>& exec, const std::vector<LayerInput<T>>& layer_input,
                       const Parameter& p, Range rows, T* to, const PrefetchHint<T>& prefetch_hint) const {
        for (std::size_t l = 0; l < buffers_.size(); ++l)
            if (layers_[l]->weight_by_rows(buffers_[l]) == p.offset)
                return layers_[l]->gradient_rows(exec, layer_input[l], buffers_[l], rows, to, prefetch_hint);
    }

    // Only layers that couple rows have running statistics.
    void update_running_stats(const ExecContext<T>& exec, T* params) const {
        if (!couples_rows_) return;
        for (std::size_t l = 0; l < buffers_.size(); ++l)
            layers_[l]->update_running_stats(exec, buffers_[l], params);
    }

    const LayerBuffers<T>& top() const { return buffers_.back(); }
    const Layer<T>& last() const { return *layers_.back(); }
    LayerBuffers<T>& buffers(std::size_t layer) { return buffers_[layer]; }

private:
    // One worker, and no layer that couples rows: a small net is faster without the other tests.
    bool runs_alone(Share share) const { return share.workers == 1 && !couples_rows_; }

    // Calls pass_layer(exec, rows). Row parallel: each worker has its own rows. Column parallel, if the rows
    // are few and the weights many: all workers have all rows, each its own columns, so that no two read the
    // same weights.
    template <class PassLayer>
    static void run_layer(const ExecContext<T>& exec, const Layer<T>& layer, Share share, Range rows,
                          Range all, Barrier& barrier, const PassLayer& pass_layer) {
        if (share.workers == 1 || all.empty() || !layer.splits_columns(all.size() / share.workers))
            return pass_layer(exec, rows);
        const ColumnParallel column_parallel{share, barrier};
        ExecContext<T> mine = exec;
        mine.column_parallel = &column_parallel;
        barrier.wait();
        pass_layer(mine, all);
        barrier.wait();
    }

    std::span<const std::unique_ptr<Layer<T>>> layers_;
    std::vector<LayerBuffers<T>> buffers_;
    bool couples_rows_ = false;
};

}  // namespace ds
