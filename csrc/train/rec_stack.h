// The recurrent stack on one batch: which sequences, packed how, forward to what the head reads, and back. Training
// and inference share it, and so do adversaries on sequences, which fill the inputs themselves and let random numbers
// follow a sequence's number in the batch. Every member function but place() is called by each worker for its share;
// barriers stand where packed rows meet sequences.
#pragma once
#include <vector>

#include "core/team.h"
#include "train/pooling.h"
#include "train/rec_body.h"

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

struct RecStackOptions {
    // A sequence's number is its place in the batch and `first_number`. Dropout draws row number·length + step, and row
    // `number` where there is one a sequence; pooled rows lie by place. Otherwise both follow the packed rows.
    bool numbered = false;
    Index first_number = 0;
    Index length = 0;
    bool bare_top = false;  // nothing is dropped between the top layer and what reads it
    // The caller writes x() and reads dx(); a table of tokens is the caller's business too.
    bool inputs = false;
};

template <class T>
class RecTangents;

template <class T>
class RecStack {
public:
    RecStack(const RecBody<T>& body, const Backend<T>& backend, bool training,
             const RecStackOptions& options = {});

    // Room for batches of up to `rows` sequences of `total` steps in all, the longest of `steps`.
    void carve(Carver& carver, Index rows, Index total, Index steps, bool ragged);
    void plan(Index rows, Index total);
    Index scratch() const;

    // One worker, before all others go on: sort the sequences. False: none of them has a step in this piece.
    bool place(const SequenceSet<T>& data, const SequencePlace& place);
    bool place(const Index* lengths, Index count);  // sequence i has the place i
    const SequenceLayout& layout() const { return layout_; }
    Index sequence(Index row) const { return order_[row]; }  // of the data set, or its place
    Index number(Index row) const { return number_[row]; }   // if numbered
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
    // One worker that has set the states of single steps: their products before the inputs' and from the top down, so
    // that such a step reads the weights roughly in the opposite order of one without.
    void states_first(const Pass<T>& pass);

    void forward(const Pass<T>& pass, const SequenceSet<T>& data, Share share, Barrier& barrier);
    // On what the caller wrote into x(), each worker into share.of(layout().total) at least.
    void forward(const Pass<T>& pass, Share share, Barrier& barrier);
    Matrix<T> x() const { return x_; }    // packed
    Matrix<T> dx() const { return dx_; }  // the gradient by it, after backward()
    Matrix<const T> top() const {
        return dropped_.back() ? dropped_.back() : each_step() ? stack_.back().y : pooled_;
    }
    Matrix<T> top_gradient() const {
        return each_step() ? stack_.back().dy : pooled_d_;
    }  // the head's writes it

    // From top_gradient() down. Without `weights` theirs are left to weight_gradient(), in between or never.
    void backward(const Pass<T>& pass, Share share, Barrier& barrier, bool weights = true);
    // `accumulate`: added to what is there, as the next rows of the same sums.
    void weight_gradient(const Pass<T>& pass, Share share, bool accumulate);

    // Step by step, for what has to be made of one step before the next can begin: one direction, sequences of one
    // length, a worker's own, steps ascending and then descending. First pack(), a barrier, and clear_states().
    void pack(const Pass<T>& pass, Share share);
    void forward_step(const Pass<T>& pass, Index t, Range own);
    void backward_step(const Pass<T>& pass, Index t, Range own);

private:
    friend class RecTangents<T>;

    // One walk back: where the gradients by inputs and pooled rows lie, and what it has to do with tangents.
    struct Walk {
        Matrix<T> pooled, dx;
        std::vector<RecurrentTangent<T>>* tangents = nullptr;  // null: there are none
        bool bent = false;  // of values and tangents together, in place; else of the tangents, beside them
        bool weights = false;
    };
    RecurrentTape<T>& target(const Walk& walk, std::size_t l) {
        return walk.tangents && !walk.bent ? (*walk.tangents)[l].by : stack_[l];
    }
    void walk_back(const Pass<T>& pass, const Walk& walk, Share share, Barrier& barrier);

    const StackSpec& spec() const { return body_.spec(); }
    Index width(std::size_t l) const {
        return l == 0 ? spec().first_width() : body_.stack()[l - 1].outputs();
    }
    template <class Steps>
    bool sort(Index count, const Steps& steps);
    RecurrentBelow<T> below(std::size_t l) const;
    bool drops(std::size_t l) const;
    void gather(const Pass<T>& pass, const SequenceSet<T>& data, Range packed);
    void drop(const Pass<T>& pass, std::size_t l, Range packed);
    void draw_mask(const Pass<T>& pass, std::size_t l, Range rows);
    void undrop(std::size_t l, Matrix<T> d, Range rows) const;
    void pool(Range rows);
    Pooling<T> pooling() const { return {spec().output, spec().top_width(), &layout_}; }
    Index* best(Index row) const { return argmax_ ? argmax_ + row * spec().top_width() : nullptr; }
    void table_gradient(const Pass<T>& pass, Share share) const;
    // Where the pooled features of a row lie.
    Index pooled_row(Index row) const {
        return options_.numbered ? number_[row] - options_.first_number : row;
    }

    const RecBody<T>& body_;
    const Backend<T>& backend_;
    bool training_, ragged_ = false;
    Index most_rows_ = 0, most_total_ = 0;  // that there is room for
    RecStackOptions options_;
    SequencePlace place_;
    SequenceLayout layout_;
    Index *order_ = nullptr, *length_ = nullptr, *active_ = nullptr, *offset_ = nullptr;
    Index *tokens_ = nullptr, *argmax_ = nullptr;
    Index* number_ = nullptr;  // by row, if numbered
    Matrix<T> x_, dx_;         // packed: the inputs, or the tokens' vectors
    std::vector<RecurrentTape<T>> stack_;
    // By recurrent layer: its input after dropout, the mask; one more for the head's. Null where nothing is dropped.
    std::vector<Matrix<T>> dropped_, mask_;
    Matrix<T> pooled_, pooled_d_;  // by row, or by place if numbered
};

}  // namespace ds
