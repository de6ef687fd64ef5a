// A layer: forward and backward over a range of rows, weight gradient over a worker's share. Layers hold
// shapes and offsets, never activations: what a pass leaves behind lies in a Tape that belongs to the caller,
// so that any number of threads can predict with one model.
//
// Convention on the way back: a layer's `d` is the gradient with respect to its pre-activation. The layer
// above writes it, applying this layer's act' while the numbers are still in cache.
#pragma once
#include <cstdint>
#include <stdexcept>

#include "backend/backend.h"
#include "core/arena.h"
#include "core/team.h"
#include "layers/parameters.h"

namespace ds {

// Above this many weights the matmul packs its operand anyway and reads W transposed while it does; below it
// a transposed copy, refreshed in the update while W is in cache, saves the packing.
inline constexpr Index kLargeWeight = Index(1) << 18;

// Workers that see the same rows and divide every product among themselves: for few rows of many weights. What is not a
// product the first of them does alone.
struct Together {
    Share share;
    Barrier& barrier;
};

template <class T>
struct Pass {
    const Backend<T>* backend = nullptr;
    const T* params = nullptr;
    const T* copies = nullptr;  // transposed weights
    T* grads = nullptr;
    Worker<T> worker;  // its room; never with a halt where workers go through a sequence together
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
    std::uint32_t step = 0;
    Index batch = 0;                       // rows in this mini-batch
    Index tangents = 0;                    // and of tangents behind them
    const std::int64_t* labels = nullptr;  // of each row, for layers that depend on them
    // Of each row number·length + step, where random numbers follow sequences and not the rows.
    const Index* numbers = nullptr;
    Index length = 1;
    bool by_rows = false;      // gradients of large weights are left to gradient_rows()
    bool keep_logits = false;  // inference for a loss that works on the pre-activation
    Index first_row = 0;       // inference: of all rows of the call, where numbers are drawn
    const Together* together = nullptr;

    Share products() const { return together ? together->share : Share{}; }
    // What the others have made is there; whether this worker is the one to go on with it.
    bool goes_on() const {
        if (together) together->barrier.wait();
        return products().worker == 0;
    }
};

// What one layer keeps of one mini-batch; rows are the batch's.
template <class T>
struct Tape {
    Matrix<T> y;      // output
    Matrix<T> saved;  // what act' reads: y itself, or the pre-activation
    Matrix<T> d;      // gradient with respect to the pre-activation
    Matrix<T> aux;    // dropout's mask, a norm's normalised input
    T* stats = nullptr;
    // Of tangents only (Layer::tangent).
    Matrix<T> bend;   // of a curved activation: the gradient by the tangent of y, then what it adds to d
    Matrix<T> moved;  // of a norm: the tangent of its normalised input
    GemmPlan<T> forward, backward_input, backward_weight;
    GemmPlan<T> backward_rows;  // of a block of the weight's rows; empty: all of it is worth more at once
};

// What a layer sees of the one below it (or of the input).
template <class T>
struct Below {
    Matrix<const T> x;
    Matrix<T> d;  // null for the input: nobody asks for its gradient
    Matrix<const T> saved;
    ActivationOf<T> activation;
    bool whole = false;  // a layer's tape: rows have room for whole registers
};

template <class T>
class Layer {
public:
    Layer(Index inputs, Index outputs, ActivationOf<T> activation)
        : inputs_(inputs), outputs_(outputs), activation_(activation) {}
    virtual ~Layer() = default;

    Index inputs() const { return inputs_; }
    Index outputs() const { return outputs_; }
    const ActivationOf<T>& activation() const { return activation_; }

    virtual bool trainable() const { return true; }
    // Running statistics go to the end of the slab, after every trainable parameter.
    virtual void place_buffers(ParameterTable&) {}

    // The training buffers and plans for `batch` rows. Called twice, as Carver says: to measure, then to
    // carve.
    virtual void carve(Carver& carver, Index batch, Tape<T>& tape) const;
    virtual void plan(const Backend<T>& backend, Index batch, bool training, Tape<T>& tape) const = 0;
    virtual Index scratch(const Tape<T>&) const { return 0; }

    virtual void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const = 0;
    virtual void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const = 0;
    virtual void weight_gradient(const Pass<T>&, const Below<T>&, const Tape<T>&, Share) const {}

    // Where Pass::by_rows is set, the weight (its offset in the slab, or -1) whose gradient weight_gradient() leaves
    // out, and rows of it: of the weight's leading dimension, zeros beyond its columns. `wanted` is read after them.
    virtual Index weight_by_rows(const Tape<T>&) const { return -1; }
    virtual void gradient_rows(const Pass<T>&, const Below<T>&, const Tape<T>&, Range /*rows*/, T* /*to*/,
                               const Wanted<T>& /*wanted*/) const {}

    // y of `rows` rows from x, with nothing kept. In-place layers return false: y is x.
    virtual void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
                       Index rows) const = 0;
    virtual bool active_in_inference() const { return true; }

    // Batch normalisation couples the rows of a batch: its column sums run between two barriers, columns
    // shared.
    virtual bool couples_rows() const { return false; }
    virtual void couple_forward(const Pass<T>&, const Below<T>&, Tape<T>&, Share) const {}
    virtual void couple_backward(const Pass<T>&, const Below<T>&, Tape<T>&, Share) const {}
    // Whether workers with so many rows each had better divide its columns among themselves (Pass::together).
    virtual bool divides(Index /*rows*/) const { return false; }
    // Gradient penalties (docs/gen.md). The tangents of some rows of a batch, from row `first` on, lie behind the
    // batch, from row `base` on: view() is the tape with these rows as its own, beside what the forward pass kept of
    // the others. tangent() makes the tangent of y from that of x; where `bend` is set it finds there the gradient by
    // the tangent of y and leaves what the activation's curvature makes of it.
    virtual Tape<T> view(const Tape<T>& tape, Index base, Index first) const;
    virtual void tangent(const Pass<T>&, const Below<T>&, Tape<T>&, Range) const {
        throw std::logic_error("this layer has no tangent");
    }
    // The way back over the forward pass and the tangents together: for rows of the view, the `first` of which is row
    // `first` of the batch. Layers whose linear part does not depend on x go back as ever.
    virtual bool bends() const { return false; }
    virtual void backward_bent(const Pass<T>&, const Below<T>&, Tape<T>&, const Below<T>& /*of the view*/,
                               const Tape<T>& /*view*/, Index /*first*/, Range) const {}

    // After the update: running statistics. One worker calls it.
    virtual void end_step(const Pass<T>&, const Tape<T>&, T* /*params*/) const {}

protected:
    // y, the tangent of the pre-activation, becomes that of the output.
    void finish_tangent(const Pass<T>& pass, Tape<T>& view, Range rows) const;

    bool saves_input() const { return activation_saves_input(activation_.kind); }

    Index inputs_, outputs_;
    ActivationOf<T> activation_;
};

// y, and (in the buffers that the activation needs) what act' reads, and d.
template <class T>
void Layer<T>::carve(Carver& carver, Index batch, Tape<T>& tape) const {
    const Index ld = leading_dim<T>(outputs_);
    tape.y = {carver.take<T>(batch, ld), ld};
    tape.saved = saves_input() ? Matrix<T>{carver.take<T>(batch, ld), ld} : tape.y;
    tape.d = {carver.take<T>(batch, ld), ld};
}

template <class T>
Tape<T> Layer<T>::view(const Tape<T>& tape, Index base, Index first) const {
    Tape<T> v = tape;
    v.y = {tape.y.row(base), tape.y.ld};
    v.d = {tape.d.row(base), tape.d.ld};
    v.saved = {tape.saved.row(first), tape.saved.ld};
    if (tape.aux) v.aux = {tape.aux.row(first), tape.aux.ld};
    if (tape.stats) v.stats = tape.stats + first;
    return v;
}

template <class T>
void Layer<T>::finish_tangent(const Pass<T>& pass, Tape<T>& view, Range rows) const {
    if (view.bend) pass.backend->curvature(view.bend, view.y, view.saved, activation_, rows, outputs_);
    pass.backend->activation_backward(view.y, view.saved, activation_, rows, outputs_);
}

}  // namespace ds
