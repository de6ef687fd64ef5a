// A generator of sequences at work: latent numbers at every step through a recurrent stack, dense layers on each step,
// the output blocks. Of real features all steps are one packed pass. Of tokens each step also sees the token before it,
// the first a start token: so the steps follow one another, a worker's own sequences by themselves, and the way back
// too. Taught, the tokens before are those of the data, and all steps are one pass again (docs/gen-sequences.md).
//
// Called by each worker for its share, but place().
#pragma once
#include <vector>

#include "train/chain.h"
#include "train/gen_model.h"
#include "train/inference.h"
#include "train/rec_stack.h"

namespace ds {

template <class T>
class SequenceGenerator {
public:
    // For up to `rows` sequences; in training, or to sample.
    SequenceGenerator(const GenModel<T>& model, const Backend<T>& backend, Index rows, bool training);

    void carve(Carver& carver);  // then ready()
    void ready();
    Index scratch() const;

    // One worker, before all others go on. Texts run all their steps; taught, those of their lengths.
    void place(const Index* lengths, Index count, bool taught = false);
    const SequenceLayout& layout() const { return stack_.layout(); }
    Index number(Index packed) const { return numbers_[packed] / spec_.length; }
    Index step(Index packed) const { return numbers_[packed] % spec_.length; }

    // From numbers drawn at the pass's place; the labels by number. made(): packed rows of features or of tokens.
    void make(Pass<T> pass, const std::int64_t* labels, Share share, Barrier& barrier);
    Matrix<T> made() const { return model_.output() ? made_.y : chain_top_.y; }
    const Index* tokens() const { return tokens_; }  // of texts: the largest of each row

    // From the gradient by made(), which the caller wrote to by_made().
    Matrix<T> by_made() const { return model_.output() ? made_.d : chain_top_.d; }
    void unmake(Pass<T> pass, Share share, Barrier& barrier);
    void weigh(Pass<T> pass, Share share);

    // Taught: `before` and `after` are the tokens before and at each packed row, written by the caller with tell().
    template <class Token>
    void tell(Range packed, const Token& token) {
        for (Index i = packed.begin; i < packed.end; ++i) {
            before_[i] = step(i) == 0 ? start() : token(number(i), step(i) - 1);
            tokens_[i] = token(number(i), step(i));
        }
    }
    void read(Pass<T> pass, const std::int64_t* labels, Share share, Barrier& barrier);
    Chain<T>& head() { return chain_; }
    Index* after() { return tokens_; }
    void unread(Pass<T> pass, Share share, Barrier& barrier);

private:
    Index start() const { return spec_.vocabulary; }
    Index latent_column() const { return spec_.texts() ? spec_.generator.stack.embedding : 0; }
    Matrix<const T> table(const Pass<T>& pass) const {
        return {pass.params + model_.generator_body().embedding(), model_.generator_body().embedding_ld()};
    }
    // The same pass for rows that are steps.
    void follow(Pass<T>& pass) const {
        pass.numbers = numbers_;
        pass.length = spec_.length;
        pass.batch = layout().total;
    }
    void draw(const Pass<T>& pass, const std::int64_t* labels, Range packed);
    void head_forward(const Pass<T>& pass, Share share, Barrier& barrier, Range rows);
    void head_backward(const Pass<T>& pass, Share share, Barrier& barrier, Range rows);
    void make_text(const Pass<T>& pass, const std::int64_t* labels, Share share, Barrier& barrier);
    void feed(const Pass<T>& pass, Index t, Range own);
    bool hard() const { return !training_ || spec_.outputs[0].hard; }

    const GenModel<T>& model_;
    const GenSpec& spec_;
    const Backend<T>& backend_;
    Index rows_, total_;
    bool training_, taught_ = false;
    RecStack<T> stack_;
    Chain<T> chain_;
    InferencePlans<T> plans_;  // to sample
    Tape<T> made_, chain_top_;
    GemmPlan<T> soft_, fed_, table_weight_;
    Matrix<T> latent_;
    T* room_ = nullptr;
    Index *numbers_ = nullptr, *before_ = nullptr, *tokens_ = nullptr, *lengths_ = nullptr,
          *labels_ = nullptr;
    std::vector<Below<T>> below_;
};

}  // namespace ds
