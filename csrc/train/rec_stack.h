// The recurrent stack on one batch: which sequences, packed how, forward to what the head reads, and back. Training
// and inference share it. Every member function but place() is called by each worker for its share; barriers stand
// where packed rows meet sequences.
#pragma once
#include <vector>

#include "core/team.h"
#include "train/rec_model.h"

namespace ds {

// The part of the sequences that a batch is made of.
struct SequencePlace {
    const Index* rows = nullptr;  // indices into the data set; null: the sequences from `start` on
    Index start = 0;
    Index size = 0;
    Index first = 0;  // step of each sequence where this piece begins
    Index most = 0;   // steps of a piece; 0: all
    Index sequence(Index i) const { return rows ? rows[i] : start + i; }
};

template <class T>
class RecStack {
public:
    RecStack(const RecModel<T>& model, const Backend<T>& backend, bool training);

    // Room for batches of up to `rows` sequences of `total` steps in all, the longest of `steps`.
    void carve(Carver& carver, Index rows, Index total, Index steps, bool ragged);
    void plan(Index rows, Index total);
    Index scratch() const;

    // One worker, before all others go on: sort the sequences. False: none of them has a step in this piece.
    bool place(const SequenceSet<T>& data, const SequencePlace& place);
    const SequenceLayout& layout() const { return layout_; }
    Index sequence(Index row) const { return order_[row]; }  // of the data set
    // How many rows the head reads: a sequence's or a step's each.
    Index head_rows() const { return reads_every_step(spec().output) ? layout_.total : layout_.rows; }
    bool each_step() const { return reads_every_step(spec().output); }

    // out(packed row, row, step of the piece) for a range of packed rows, in ascending order.
    template <class Out>
    void each(Range packed, const Out& out) const {
        Index t = 0;
        for (Index i = packed.begin; i < packed.end; ++i) {
            while (layout_.offset[t + 1] <= i) ++t;
            out(i, i - layout_.offset[t], t);
        }
    }

    void clear_states(Range own);
    // States of the rows to and from one array, state_size() a row; rows as place() sorted them. For one worker.
    void set_states(Matrix<const T> states, Range own);
    void get_states(Matrix<T> states, Range own) const;

    void forward(const Pass<T>& pass, const SequenceSet<T>& data, Share share, Barrier& barrier,
                 const Halt& halt = {});
    Matrix<const T> top() const {
        return dropped_.back() ? dropped_.back() : each_step() ? stack_.back().y : pooled_;
    }
    Matrix<T> top_gradient() const {
        return each_step() ? stack_.back().dy : pooled_d_;
    }  // the head's writes it

    void backward(const Pass<T>& pass, Share share, Barrier& barrier, const Halt& halt);

private:
    const RecSpec& spec() const { return model_.spec(); }
    RecurrentBelow<T> below(std::size_t l) const;
    bool drops(std::size_t l) const;
    void gather(const Pass<T>& pass, const SequenceSet<T>& data, Range packed);
    void drop(const Pass<T>& pass, std::size_t l, Range packed);
    void pool(Range rows);
    void unpool(Range rows);

    const RecModel<T>& model_;
    const Backend<T>& backend_;
    bool training_;
    SequencePlace place_;
    SequenceLayout layout_;
    Index *order_ = nullptr, *length_ = nullptr, *active_ = nullptr, *offset_ = nullptr;
    Index *tokens_ = nullptr, *argmax_ = nullptr;
    Matrix<T> x_, dx_;  // packed: the inputs, or the tokens' vectors
    std::vector<RecurrentTape<T>> stack_;
    // By recurrent layer: its input after dropout, the mask; one more for the head's. Null where nothing is dropped.
    std::vector<Matrix<T>> dropped_, mask_;
    Matrix<T> pooled_, pooled_d_;  // by row
};

}  // namespace ds
