// The generator of sequences: latents at every step, a recurrent stack, dense layers on each step, output
// blocks (docs/design/gan-sequences.md). Features need one packed pass over all steps. Tokens are generated
// step by step, because each step sees the token before it, so forward and backward walk through a worker's
// own sequences. In pretraining the previous tokens are the data's (teacher forcing), and one packed pass
// suffices.
//
// Each worker calls these functions for its share; one worker sets the lengths.
#pragma once
#include <vector>

#include "gen/model.h"
#include "rec/stack.h"
#include "training/inference.h"
#include "training/sequential.h"

namespace ds {

template <class T>
class SequenceGenerator {
public:
    // For up to `rows` sequences. Without `training` it can only sample.
    SequenceGenerator(const GenModel<T>& model, const Backend<T>& backend, Index rows, bool training);

    void allocate_buffers(ArenaPlanner& planner);  // call bind_buffers() after it
    void bind_buffers();
    Index scratchpad_size() const;

    // Lengths of the sequences to generate, or of the data in pretraining. One worker calls it before the
    // others continue. Generated texts have the full length.
    void set_lengths(const Index* lengths, Index count);
    void set_pretrain_lengths(const Index* lengths, Index count);
    const SequenceLayout& layout() const { return stack_.layout(); }
    Index number(Index packed) const { return stack_.step_numbers()[packed] / spec_.steps; }
    Index step(Index packed) const { return stack_.step_numbers()[packed] % spec_.steps; }

    // Draws the latents at the context's step and writes output(): packed rows of features, or soft or
    // one-hot tokens. `labels` are by sequence number.
    void forward(ExecContext<T> exec, const std::int64_t* labels, Share share, Barrier& barrier);
    Matrix<T> output() const { return model_.output() ? output_.y : sequential_top_.y; }
    const Index* tokens() const { return tokens_; }  // texts: the most likely token of each row

    // The caller writes doutput(), then calls backward() and weight_gradient().
    Matrix<T> doutput() const { return model_.output() ? output_.d : sequential_top_.d; }
    void backward(ExecContext<T> exec, Share share, Barrier& barrier);
    void weight_gradient(ExecContext<T> exec, Share share);

    // Pretraining, after reserve_tokens(): the caller sets the data's tokens, the previous one and the target of
    // each packed row. token(number, step) returns one of them.
    void reserve_tokens() { data_tokens_.resize(2 * total_); }
    template <class Token>
    void set_tokens(Range packed, const Token& token) {
        Index *previous = data_tokens_.data(), *target = previous + total_;
        for (Index i = packed.begin; i < packed.end; ++i) {
            previous[i] = step(i) == 0 ? start_token() : token(number(i), step(i) - 1);
            target[i] = token(number(i), step(i));
        }
        backend_.gather(previous_tokens_, previous, nullptr, packed);
        backend_.gather(tokens_, target, nullptr, packed);
    }
    void pretrain_forward(ExecContext<T> exec, const std::int64_t* labels, Share share, Barrier& barrier);
    Sequential<T>& head() { return sequential_; }
    Index* target_tokens() { return tokens_; }
    void pretrain_backward(ExecContext<T> exec, Share share, Barrier& barrier);

private:
    Index start_token() const { return spec_.vocabulary; }
    Index latent_column() const { return spec_.texts() ? spec_.generator.stack.embedding_size : 0; }
    Matrix<const T> token_table(const ExecContext<T>& exec) const {
        return model_.generator_body().table(exec.params);
    }
    // Random numbers follow the sequence's number and step, not the packed row.
    void set_row_numbers(ExecContext<T>& exec) const {
        exec.numbers = stack_.step_numbers();
        exec.length = spec_.steps;
        exec.batch = layout().total;
    }
    void set_batch_lengths(const Index* lengths, Index count, bool has_full_length);
    void draw_latents(const ExecContext<T>& exec, Share share);
    void write_step_inputs(const ExecContext<T>& exec, const std::int64_t* labels, Range packed);
    void head_forward(const ExecContext<T>& exec, Share share, Barrier& barrier, Range rows);
    void head_backward(const ExecContext<T>& exec, Share share, Barrier& barrier, Range rows);
    void forward_text(const ExecContext<T>& exec, const std::int64_t* labels, Share share, Barrier& barrier);
    void feed_previous_tokens(const ExecContext<T>& exec, Index t, Range sequences);
    bool is_hard() const { return !training_ || spec_.output_blocks[0].hard; }

    const GenModel<T>& model_;
    const GenSpec& spec_;
    const Backend<T>& backend_;
    Index rows_, total_;
    bool training_, pretraining_ = false;
    RecStack<T> stack_;
    Sequential<T> sequential_;
    InferencePlans<T> plans_;  // to sample
    LayerBuffers<T> output_, sequential_top_;
    GemmPlan<T> embed_plan_, feedback_plan_, table_weight_plan_;
    Matrix<T> latent_;
    T* scratchpad_ = nullptr;
    HostArray<Index> lengths_;
    HostArray<Index> data_tokens_;  // pretraining: previous tokens, then targets
    Index *previous_tokens_ = nullptr, *tokens_ = nullptr, *labels_ = nullptr;
    std::vector<LayerInput<T>> layer_input_;
};

}  // namespace ds
