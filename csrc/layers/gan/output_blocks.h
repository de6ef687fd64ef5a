// The generator's output activations, one for each block of columns. A block has an element-wise activation,
// or is a category: softmax((z + g) / temperature) with Gumbel noise g (Jang et al. 2017). `hard` outputs the
// one-hot maximum with the gradient of the softmax (straight-through). A sample is always the one-hot maximum
// of z + g, an exact draw.
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
    void plan(const Backend<T>&, Index, bool, LayerBuffers<T>&) const override {}
    void allocate_buffers(ArenaPlanner& planner, Index batch, LayerBuffers<T>& buffers) const override;
    void forward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                 Range rows) const override;
    void backward(const ExecContext<T>& exec, const LayerInput<T>& layer_input, LayerBuffers<T>& buffers,
                  Range rows) const override;
    void infer(const ExecContext<T>& exec, Matrix<const T> x, Matrix<T> y, const LayerBuffers<T>& plans,
               Index rows) const override;

private:
    struct Block {
        OutputSpec spec;
        Index begin;
        ActivationOf<T> activation;

        Range columns() const { return {begin, begin + spec.units}; }
    };
    // Writes x plus Gumbel noise.
    void add_gumbel(const ExecContext<T>& exec, Matrix<T> to, Matrix<const T> x, Range rows) const;

    std::vector<Block> blocks_;
    bool has_gumbel_ = false;  // some block is a category and draws noise
};

}  // namespace ds
