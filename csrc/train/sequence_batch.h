// A batch of sequences: each kind of them (real, generated, mixed) has a recurrent stack of its own below the
// discriminator's dense layers, all of the same lengths; generated sequence i has real sequence i's length and label.
// Texts are read through a table of the tokens' vectors, generated ones that are not hard as mixtures of them.
#pragma once
#include <memory>

#include "train/gen_batch.h"
#include "train/rec_tangents.h"
#include "train/sequence_generator.h"

namespace ds {

// The caller's sequences and their labels, read in place.
template <class T>
struct LabelledSequences {
    Sequences<T> x;
    const std::int64_t* label = nullptr;

    // Token t of sequence s; behind its end, the stop.
    Index token(Index s, Index t, Index stop) const {
        return t < x.length[s] ? x.tokens[x.start[s] + t] : stop;
    }
};

template <class T>
class SequenceBatch final : public GenBatch<T> {
public:
    SequenceBatch(GenModel<T>& model, const Backend<T>& backend, const LabelledSequences<T>& data,
                  Index batch, int workers);

    using typename GenBatch<T>::Desk;
    void make(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) override;
    void show(Desk& desk, const BatchPlace& at, double probability, Share share, bool real) override;
    void mix(Desk& desk, Share share) override;
    bool reads() const override { return true; }
    // Texts are shown through a table that learns.
    bool shows_anew() const override { return corruption_.on() || spec_.texts(); }
    void read(Desk& desk, Share share, Barrier& barrier, Index first, Index stop) override;
    void unread(Desk& desk, Share share, Barrier& barrier, bool penalised) override;
    void weigh(Desk& desk, Share share, bool penalised) override;
    void penalise(Desk& desk, Share share, Barrier& barrier) override;
    void unmake(Desk& desk, Share share, Barrier& barrier) override;
    void weigh_generator(Desk& desk, Share share) override;

private:
    using GenBatch<T>::backend_;
    using GenBatch<T>::batch_;
    using GenBatch<T>::by_features_;
    using GenBatch<T>::corruption_;
    using GenBatch<T>::features_;
    using GenBatch<T>::model_;
    using GenBatch<T>::packs_;
    using GenBatch<T>::slopes_;
    using GenBatch<T>::spec_;

    Index kinds() const { return static_cast<Index>(stacks_.size()); }
    RecStack<T>& stack(Index kind) { return *stacks_[static_cast<std::size_t>(kind)]; }
    // Null unless a penalty is taken at that kind of rows.
    RecTangents<T>* moved(Index kind) { return moved_[static_cast<std::size_t>(kind)].get(); }
    const SequenceLayout& layout() { return generator_.layout(); }
    Index width() const { return spec_.discriminator.stack.first_width(); }
    Index sequence(const BatchPlace& at, Index number) const {
        return at.rows ? at.rows[number] : at.start + number;
    }
    Matrix<const T> table(const Pass<T>& pass) const {
        return {pass.params + model_.discriminator_body().embedding(),
                model_.discriminator_body().embedding_ld()};
    }
    void carve(Carver& carver);
    void place(const BatchPlace& at);
    void show_texts(const Pass<T>& pass, const BatchPlace& at, Range packed, bool real);
    // Rows of features of one kind, and those of its stack, by place.
    Matrix<T> part(Matrix<T> m, Index kind) const { return {m.row(kind * packs_), m.ld}; }
    void penalise(Desk& desk, Index kind, Share share, Barrier& barrier);
    void weigh_table(const Pass<T>& pass, Share share, bool penalised);
    void vectors(const Pass<T>& pass, Matrix<T> to, Matrix<const T> rows, Range packed) const;
    void by_tokens(const Pass<T>& pass, Matrix<T> to, Matrix<const T> by_vectors, Range packed) const;

    LabelledSequences<T> data_;
    SequenceGenerator<T> generator_;
    std::vector<std::unique_ptr<RecStack<T>>> stacks_;
    std::vector<std::unique_ptr<RecTangents<T>>> moved_;
    Buffer<T> room_;
    Index* lengths_ = nullptr;
    // Texts: the tokens of each kind by packed row, and the penalty's slopes and tangents by the tokens' rows.
    Index* tokens_[2] = {};
    Matrix<T> by_token_[2];
    Matrix<T> soft_rows_, by_rows_;  // generated tokens that are not hard, and the gradient by generated ones
    GemmPlan<T> soft_, back_, table_weight_;
};

}  // namespace ds
