// What a generator's numbers become, block by block of columns: a table's values and categories. A block has an
// activation of its own, or is a category: softmax((z + g) / temperature) with Gumbel noise g (Jang et al. 2017), of
// which `hard` shows the one-hot maximum and keeps the gradient. A sample is always that maximum: an exact draw.
#pragma once
#include <vector>

#include "layers/layer.h"

namespace ds {

struct OutputSpec {
    bool gumbel = false;
    Activation activation = Activation::kIdentity;
    Index units = 0;
    double alpha = 0.01;
    double temperature = 0.5;
    bool hard = false;
};

template <class T>
class OutputBlocks final : public Layer<T> {
public:
    OutputBlocks(const std::vector<OutputSpec>& blocks, Index width);

    bool trainable() const override { return false; }
    void plan(const Backend<T>&, Index, bool, Tape<T>&) const override {}
    Index scratch(const Tape<T>&) const override { return draws_ ? leading_dim<T>(this->outputs_) : 0; }
    void carve(Carver& carver, Index batch, Tape<T>& tape) const override;
    void forward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void backward(const Pass<T>& pass, const Below<T>& below, Tape<T>& tape, Range rows) const override;
    void infer(const Pass<T>& pass, Matrix<const T> x, Matrix<T> y, const Tape<T>& plans,
               Index rows) const override;

private:
    struct Block {
        OutputSpec spec;
        Index begin;
        ActivationOf<T> activation;
    };
    void draw(const Pass<T>& pass, T* g, Index row) const;

    std::vector<Block> blocks_;
    bool draws_ = false;  // some block is a category
};

}  // namespace ds
