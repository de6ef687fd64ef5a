// A GAN mini-batch of sequences. Real, generated and interpolated sequences each run through a recurrent
// stack, the encoder below the discriminator's dense layers. Generated sequence i has the length and label of
// real sequence i. An embedding table encodes tokens; soft generated tokens are mixtures of its rows.
#pragma once
#include <memory>

#include "gen/batch.h"
#include "gen/sequences/sequence_generator.h"
#include "rec/tangents.h"

namespace ds {

// The caller's sequences and labels, which are read in place.
template <class T>
struct LabelledSequences {
    Sequences<T> x;
    const std::int64_t* label = nullptr;

    // Token t of sequence s; beyond its end, the end-of-sequence token `stop`.
    Index token(Index s, Index t, Index stop) const {
        return t < x.length[s] ? x.tokens[x.start[s] + t] : stop;
    }
};

template <class T>
class SequenceBatch final : public GenBatch<T> {
public:
    SequenceBatch(GenModel<T>& model, const Device<T>& device, const LabelledSequences<T>& data, Index batch,
                  int workers);

    using typename GenBatch<T>::WorkerContext;
    void prepare(const MiniBatch& mini_batch) override;
    void generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                           Barrier& barrier) override;
    void load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                  const double* probability, Share share, Barrier& barrier,
                                  bool with_real) override;
    void interpolate_rows(WorkerContext& context, Share share, Barrier& barrier) override;
    bool has_encoder() const override { return true; }
    // The embedding table of texts changes with every update.
    bool input_is_stochastic() const override { return input_noise_.on() || spec_.texts(); }
    void encode(WorkerContext& context, Share share, Barrier& barrier, Range kinds) override;
    void encode_backward(WorkerContext& context, Share share, Barrier& barrier, bool with_penalty) override;
    void encode_weight_grad(WorkerContext& context, Share share, bool with_penalty) override;
    void gradient_penalty(WorkerContext& context, Share share, Barrier& barrier) override;
    void generator_backward(WorkerContext& context, Share share, Barrier& barrier) override;
    void generator_weight_grad(WorkerContext& context, Share share) override;

private:
    using GenBatch<T>::backend_;
    using GenBatch<T>::batch_;
    using GenBatch<T>::dfeatures_;
    using GenBatch<T>::input_noise_;
    using GenBatch<T>::features_;
    using GenBatch<T>::model_;
    using GenBatch<T>::pairs_;
    using GenBatch<T>::input_gradient_;
    using GenBatch<T>::spec_;

    Index kinds() const { return static_cast<Index>(stacks_.size()); }
    RecStack<T>& stack(Index kind) { return *stacks_[static_cast<std::size_t>(kind)]; }
    // Null unless rows of this kind are penalised.
    RecTangents<T>* rec_tangents(Index kind) { return rec_tangents_[static_cast<std::size_t>(kind)].get(); }
    const SequenceLayout& layout() { return generator_.layout(); }
    Index input_width() const { return spec_.discriminator.stack.first_width(); }
    Matrix<const T> token_table(const ExecContext<T>& exec) const {
        return model_.discriminator_body().table(exec.params);
    }
    void allocate_buffers(ArenaPlanner& planner);
    void draw_noise(const ExecContext<T>& exec, const double* probability, Share share, Barrier& barrier,
                    Range kinds);
    void load_tokens(const ExecContext<T>& exec, const MiniBatch& mini_batch, Range packed, bool with_real);
    // The rows of a matrix of features that belong to one kind.
    Matrix<T> kind_rows(Matrix<T> m, Index kind) const {
        return m.row_slice({kind * pairs_, (kind + 1) * pairs_});
    }
    void gradient_penalty(WorkerContext& context, Index kind, Share share, Barrier& barrier);
    void table_weight_grad(const ExecContext<T>& exec, Share share, bool with_penalty);
    void embed_soft_tokens(const ExecContext<T>& exec, Matrix<T> to, Matrix<const T> rows,
                           Range packed) const;
    void embed_soft_tokens_backward(const ExecContext<T>& exec, Matrix<T> to, Matrix<const T> dembedded,
                                    Range packed) const;

    LabelledSequences<T> data_;
    SequenceGenerator<T> generator_;
    std::vector<std::unique_ptr<RecStack<T>>> stacks_;
    std::vector<std::unique_ptr<RecTangents<T>>> rec_tangents_;
    Buffer<T> memory_;
    HostArray<Index> lengths_;
    // By packed row of the stacks: its row of real values, or of the generator's tokens.
    HostArray<Index> data_tokens_;  // of texts: the data's, by packed row
    HostArray<Index> source_;
    Index data_rows_ = 0;  // of the array of all sequences' values
    // Texts: the tokens of each kind by packed row, and the penalty's gradient with respect to the one-hot
    // rows.
    Index* tokens_[2] = {};
    Matrix<T> token_gradient_[2];
    Matrix<T> soft_tokens_, dtokens_;  // generated tokens if they are soft, and their gradient
    GemmPlan<T> embed_plan_, embed_backward_plan_, table_weight_plan_;
};

}  // namespace ds
