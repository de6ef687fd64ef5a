// A recurrent stack at work on one batch of packed sequences: the forward pass to the features that the head
// reads, and the backward pass. Training and inference use it, and the GANs of sequences, which write the
// inputs themselves. Each worker calls the member functions for its share, except set_batch(). Barriers
// separate work on packed rows from work on sequences.
#pragma once
#include <vector>

#include "core/threads/thread_pool.h"
#include "rec/body.h"
#include "rec/sequences.h"

namespace ds {

// The sequences of a batch, and the part of them that a micro-step covers.
struct SequenceBatchRef {
    const Index* rows = nullptr;  // indices into the data set; null: the sequences from `start` on
    Index start = 0;
    Index size = 0;
    Index first_step = 0;  // of each sequence
    Index max_steps = 0;   // of each sequence, from first_step on; 0: all
    Index sequence(Index i) const { return rows ? rows[i] : start + i; }
};

struct RecStackOptions {
    // The number of a sequence is its position in the batch plus first_number. If numbered, dropout of a step
    // draws row number·length + step, and dropout of pooled features draws row number. Pooled rows are then
    // in the order of positions. Otherwise both follow the packed rows.
    bool numbered = false;
    Index first_number = 0;
    Index length = 0;
    bool no_top_dropout = false;  // no dropout after the top layer
    // The caller writes x(), reads dx(), and embeds the tokens.
    bool external_inputs = false;
};

template <class T>
class RecTangents;

template <class T>
class RecStack {
public:
    RecStack(const RecBody<T>& body, const Backend<T>& backend, bool training,
             const RecStackOptions& options = {});

    // For batches of up to `rows` sequences with `total` steps in all; the longest has `steps`.
    void allocate_buffers(ArenaPlanner& planner, Index rows, Index total, Index steps, bool ragged);
    void plan(Index rows, Index total);
    Index scratchpad_size() const;

    // One worker calls it before the others continue: sorts the sequences. False: none of them has a step in
    // this part.
    bool set_batch(const SequenceSet<T>& data, const SequenceBatchRef& batch);
    bool set_batch(const Index* lengths, Index count);  // sequence i has position i
    const SequenceLayout& layout() const { return layout_; }
    Index sequence(Index row) const { return order_[row]; }  // index in the data set, or position
    const Index* sequences() const { return order_.data(); }
    Index number(Index row) const { return number_[row]; }  // if numbered
    // If numbered, by packed row: number·length + step, the row, and the position in the batch.
    const Index* step_numbers() const { return step_number_.data(); }
    const Index* step_rows() const { return step_row_.data(); }
    const Index* step_positions() const { return step_position_.data(); }
    const Index* numbers() const { return number_.data(); }  // by row
    // Rows that the head reads: one per step, or one per sequence.
    Index head_rows() const { return has_stepwise_output(spec().output) ? layout_.total : layout_.rows; }
    bool is_stepwise() const { return has_stepwise_output(spec().output); }

    // Calls out(packed row, row, step) for a range of packed rows, in ascending order.
    template <class Out>
    void each(Range packed, const Out& out) const {
        Index t = 0;
        for (Index i = packed.begin; i < packed.end; ++i) {
            while (layout_.offset[t + 1] <= i) ++t;
            out(i, i - layout_.offset[t], t);
        }
    }

    void clear_states(Range batch_rows);
    // Copies the states of rows to and from an array with state_size() columns. Rows are sorted as by
    // set_batch(). For one worker.
    void set_states(Matrix<const T> states, Range batch_rows);
    void get_states(Matrix<T> states, Range batch_rows) const;
    // For single steps of one worker, after set_states(): computes the state products before the input
    // products, from the top layer down. So this step reads the weights roughly in reverse order.
    void states_first(const ExecContext<T>& exec);

    void forward(const ExecContext<T>& exec, const SequenceSet<T>& data, Share share, Barrier& barrier);
    // With external_inputs. Each worker has written at least its share.of(layout().total) of x().
    void forward(const ExecContext<T>& exec, Share share, Barrier& barrier);
    Matrix<T> x() const { return x_; }    // packed
    Matrix<T> dx() const { return dx_; }  // gradient with respect to x, after backward()
    Matrix<const T> top() const {
        return dropped_.back() ? dropped_.back() : is_stepwise() ? stack_.back().y : pooled_;
    }
    Matrix<T> top_gradient() const {
        return is_stepwise() ? stack_.back().dy : pooled_d_;
    }  // the backward pass of the head writes it

    // The backward pass from top_gradient(). Without `weights` it leaves the weight gradients to
    // weight_gradient().
    void backward(const ExecContext<T>& exec, Share share, Barrier& barrier, bool weights = true);
    // `accumulate`: adds to the gradients, as further rows of the same sums.
    void weight_gradient(const ExecContext<T>& exec, Share share, bool accumulate);

    // Single steps, for generators whose next input depends on the last output: one direction, sequences of
    // equal length, each worker for its own. Steps ascend in the forward pass and descend in the backward
    // pass. First come pack(), a barrier, and clear_states().
    void pack(const ExecContext<T>& exec, Share share);
    void forward_step(const ExecContext<T>& exec, Index t, Range batch_rows);
    void backward_step(const ExecContext<T>& exec, Index t, Range batch_rows);

private:
    friend class RecTangents<T>;

    // Arguments of a backward pass: the gradients with respect to pooled rows and inputs, and its role in
    // double backward.
    struct BackwardArgs {
        Matrix<T> pooled, dx;
        std::vector<RecurrentTangent<T>>* tangents = nullptr;  // null: a plain backward pass
        bool second_order =
            false;  // of values and tangents together, in place; else of the tangents only, to their own buffers
        bool weights = false;
    };
    RecurrentBuffers<T>& gradient_buffers(const BackwardArgs& args, std::size_t l) {
        return args.tangents && !args.second_order ? (*args.tangents)[l].d_dot : stack_[l];
    }
    void run_backward(const ExecContext<T>& exec, const BackwardArgs& args, Share share, Barrier& barrier);

    const StackSpec& spec() const { return body_.spec(); }
    Index width(std::size_t l) const {
        return l == 0 ? spec().first_width() : body_.stack()[l - 1].outputs();
    }
    template <class Steps>
    bool sort(Index count, const Steps& steps);
    RecurrentInput<T> layer_input(std::size_t l) const;
    bool has_dropout(std::size_t l) const;
    void gather(const ExecContext<T>& exec, const SequenceSet<T>& data, Range packed);
    void dropout_forward(const ExecContext<T>& exec, std::size_t l, Range packed);
    void draw_mask(const ExecContext<T>& exec, std::size_t l, Range rows);
    void dropout_backward(std::size_t l, Matrix<T> d, Range rows) const;
    void pool(Range rows);
    // Arguments for some rows of sequences, whose pooled rows lie in `pooled`.
    PoolArgs<T> pool_arguments(Matrix<T> pooled, Range rows) const;
    void table_gradient(const ExecContext<T>& exec, Share share) const;
    // The row of the pooled features that belongs to a packed sequence.
    Index pooled_row(Index row) const {
        return options_.numbered ? number_[row] - options_.first_number : row;
    }

    const RecBody<T>& body_;
    const Backend<T>& backend_;
    bool training_, ragged_ = false;
    Index max_rows_ = 0, max_total_ = 0;  // of the buffers
    RecStackOptions options_;
    SequenceBatchRef batch_;
    SequenceLayout layout_;
    HostArray<Index> order_, length_, active_, offset_;
    HostArray<Index> source_;  // by packed row: its row in the data set, unless inputs are external
    HostArray<Index> number_, step_number_, step_row_, step_position_;  // if numbered
    Index *tokens_ = nullptr, *argmax_ = nullptr;
    Matrix<T> x_, dx_;  // packed: the inputs, or the tokens' vectors
    std::vector<RecurrentBuffers<T>> stack_;
    // For each recurrent layer and then the head: its input after dropout, and the mask. Null without
    // dropout.
    std::vector<Matrix<T>> dropped_, mask_;
    Matrix<T> pooled_, pooled_d_;  // by row, or by position if numbered
};

}  // namespace ds
