// Forward passes of dense layers for inference: predictions and losses of any number of rows, in chunks that
// stay in cache, divided over the thread pool. They write only to memory of the call or of the thread, so any
// number of threads may predict with one model.
#pragma once
#include <vector>

#include "backend/device.h"
#include "core/memory/arena_planner.h"
#include "training/dataset.h"
#include "training/dense_layers.h"
#include "training/model.h"

namespace ds {

// The matmul plans of one kernel table for chunks of up to `rows` rows.
template <class T>
struct InferencePlans {
    Index rows = 0;
    std::vector<LayerBuffers<T>> buffers;
    Index layer_scratchpad_size = 0;  // elements
    Index ld = 0;

    InferencePlans() = default;
    InferencePlans(const Layers<T>& layers, const Backend<T>& backend, Index rows);

    Index scratchpad_size() const { return 2 * rows * ld + layer_scratchpad_size; }
    // The last layer writes y; the others use `scratchpad` (scratchpad_size() elements).
    void forward(const Layers<T>& layers, ExecContext<T> exec, T* scratchpad, const InputRows<T>& x, Index n,
                 Matrix<T> y) const;
    void forward(const Layers<T>& layers, const ExecContext<T>& exec, T* scratchpad, Matrix<const T> x,
                 Index n, Matrix<T> y) const {
        forward(layers, exec, scratchpad, InputRows<T>(x), n, y);
    }
};

// The products of a Net with sparse rows, of which only the entries are multiplied, minus those with dense rows.
template <class T>
double sparse_products(const Layers<T>& layers, double rows, double entries);

template <class T>
class Inference {
public:
    Inference(const Model<T>& model, const Layers<T>& layers, const Device<T>& device);

    // One worker's share of y (rows, outputs), contiguous. Both are the host's; on a device, x is dense. `logits`:
    // without the output activation, for losses of the pre-activation. `scratchpad`: scratchpad_size(rows)
    // elements, for callers that must not throw; null: the thread's own. `stop_token` is read between chunks
    // and in long products.
    void predict(const InputRows<T>& x, Index rows, T* y, Share share, const StopToken* stop_token = nullptr,
                 bool logits = false, T* scratchpad = nullptr) const;
    Index scratchpad_size(Index rows) const { return plans(rows).scratchpad_size(); }

    // The loss of every row of the share, without its weight. `scratchpad`: loss_scratchpad_size(data)
    // elements, as above.
    void row_losses(const Dataset<T>& data, T* losses, Share share, const StopToken* stop_token = nullptr,
                    T* scratchpad = nullptr) const;
    Index loss_scratchpad_size(const Dataset<T>& data) const;
    // The mean of the losses of `rows` rows; `weight`: their weights in the host's memory, or null.
    double mean_loss(const T* losses, const T* weight, Index rows) const;

    // Workers for these rows (useful_workers). `entries`: those of sparse rows, or -1.
    int workers(Index rows, int available, Index entries = -1) const;

    // Rows per chunk of these layers.
    static Index chunk_rows(const Layers<T>& layers);

private:
    // A chunk of a data set and its outputs. Rows that an index selects are copied.
    struct LossChunk {
        T* scratchpad = nullptr;  // of forward()
        Matrix<T> y, x, target;
        std::int64_t* label = nullptr;
        Index *begin = nullptr, *end = nullptr;  // of the entries of sparse rows
    };
    // The inputs of rows `begin` … of a data set with an index.
    InputRows<T> selected_inputs(const Dataset<T>& data, Index begin, Index rows,
                                 const LossChunk& chunk) const;
    LossChunk allocate_loss_chunk(ArenaPlanner& planner, const Dataset<T>& data) const;

    const InferencePlans<T>& plans(Index rows) const { return rows <= 1 ? single_ : chunk_; }
    // The same by copies to and from the device, chunk by chunk.
    void predict_on_device(Matrix<const T> x, Range rows, T* y, const StopToken* stop_token,
                           bool logits) const;

    ExecContext<T> make_exec(const StopToken* stop_token, bool keep_logits) const;

    const Model<T>& model_;
    const Layers<T>& layers_;
    Device<T> device_;
    const Backend<T>& backend_;
    InferencePlans<T> single_, chunk_;
};

}  // namespace ds
