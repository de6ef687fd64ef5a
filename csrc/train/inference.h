// Forward through dense layers without a trace: predictions and losses of any number of rows, in chunks that stay
// in cache, shared over the team. Everything it writes to is the call's or the thread's, so any number of threads
// may predict with one model. A Net is all dense layers; a Rec ends in some.
#pragma once
#include <vector>

#include "core/arena.h"
#include "train/dataset.h"
#include "train/net_model.h"

namespace ds {

// The matmul plans of one kernel table for chunks of up to `rows` rows.
template <class T>
struct InferencePlans {
    Index rows = 0;
    std::vector<Tape<T>> tapes;
    Index scratch = 0;  // elements a worker needs besides two chunks of activations
    Index ld = 0;

    InferencePlans() = default;
    InferencePlans(const Layers<T>& layers, const Backend<T>& backend, Index rows);

    Index buffer() const { return 2 * rows * ld + scratch; }
    // Layer by layer through `room` (buffer() elements); the last layer writes y.
    void forward(const Layers<T>& layers, Pass<T> pass, T* room, Matrix<const T> x, Index n,
                 Matrix<T> y) const;
};

template <class T>
class Inference {
public:
    Inference(const Model<T>& model, const Layers<T>& layers, const Backend<T>& backend);

    // y (rows, outputs), contiguous. One worker's share; `workers` of them cover all rows. `logits`: of a loss that
    // works on the pre-activation, without the output activation. `room`: room(rows) elements of the caller's, who
    // cannot do with an exception; null: the thread's own. `halt`: asked between chunks and within long products.
    void predict(Matrix<const T> x, Index rows, T* y, Share share, const Halt* halt = nullptr,
                 bool logits = false, T* room = nullptr) const;
    Index room(Index rows) const { return plans(rows).buffer(); }

    // l_i of every row of the share, without weights. `room`: loss_room() elements, as above.
    void row_losses(const Dataset<T>& data, T* losses, Share share, const Halt* halt = nullptr,
                    T* room = nullptr) const;
    Index loss_room() const;

    // How many workers these rows are worth.
    int workers(Index rows, int available) const;

    // Rows that a chunk of these layers has.
    static Index chunk_rows(const Layers<T>& layers);

private:
    const InferencePlans<T>& plans(Index rows) const { return rows <= 1 ? single_ : chunk_; }
    Pass<T> pass(const Halt* halt, bool keep_logits) const;

    const Model<T>& model_;
    const Layers<T>& layers_;
    const Backend<T>& backend_;
    InferencePlans<T> single_, chunk_;
};

}  // namespace ds
