// The parameter table: the position of every weight, bias and running statistic in one flat buffer. Gradients
// and moments are flat buffers of the same layout, so an update is one loop and a checkpoint is one copy.
// Running statistics come last: they are saved with the weights, and no optimizer updates them.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "core/memory/arena_planner.h"
#include "core/random/init.h"

namespace ds {

enum class ParameterKind {
    kWeight,
    kEmbedding,
    kBias,
    kNormWeight,
    kNormBias,
    kRunningMean,
    kRunningVariance,
    kSingularVector  // of a matrix, for its spectral norm
};

struct Parameter {
    std::string name;  // PyTorch's: "0.weight", "0.bias", …
    ParameterKind kind = ParameterKind::kWeight;
    Index rows = 0;  // weights: inputs; an embedding: tokens; everything else: 1
    Index cols = 0;  // outputs
    Index ld = 0;
    Index offset = 0;       // in elements from the start of the flat buffer
    Index transposed = -1;  // offset of the (cols, rows) copy in the buffer of transposed copies; -1: none
    Index transposed_ld = 0;
    bool average = false;  // moving average of another parameter: saved, but not trained

    // PyTorch stores a weight as (outputs, inputs), which is transposed; an embedding as we do.
    bool is_transposed() const { return kind == ParameterKind::kWeight; }
    bool trainable() const { return kind < ParameterKind::kRunningMean && !average; }
    bool decays() const { return kind <= ParameterKind::kEmbedding; }
    // Rows that are updated together: with their moments they stay in the first caches. A multiple of 16, for
    // the transpose.
    Index block() const {
        constexpr Index kBlockElements = Index(1) << 13, kRows = 16, kMinRows = 48;
        return std::max(kBlockElements / ld / kRows * kRows, kMinRows);
    }
    // Whether the gradient may be computed by these rows: the weight is large, and they fit into those
    // caches.
    bool large() const {
        constexpr Index kMinElements = Index(1) << 14, kMaxBlockElements = Index(1) << 18;
        return kind == ParameterKind::kWeight && rows * ld >= kMinElements &&
               block() * ld <= kMaxBlockElements;
    }
    // Its matrix in a flat buffer of parameters or gradients.
    template <class T>
    Matrix<T> view(T* flat) const {
        return {flat + offset, rows, cols, ld};
    }
    // Its transposed copy in the buffer of copies.
    template <class T>
    Matrix<T> transposed_view(T* copies) const {
        return {copies + transposed, cols, rows, transposed_ld};
    }
    Index span() const { return (rows - 1) * ld + cols; }
};

class ParameterTable {
public:
    explicit ParameterTable(std::size_t element_size) : element_size_(element_size) {}

    // Adds a parameter and returns its index. Trainable ones must come before the others.
    Index add(std::string name, ParameterKind kind, Index rows, Index cols, bool average = false);

    // Adds a transposed copy of weight `index`, which the input gradient reads. A weight with one row or
    // column needs none.
    void keep_transposed(Index index);

    const std::vector<Parameter>& all() const { return parameters_; }
    const Parameter& operator[](Index i) const { return parameters_[static_cast<std::size_t>(i)]; }
    Index size() const { return size_; }                   // elements of the flat buffer
    Index trainable_size() const { return trainable_; }    // elements that optimizers update
    Index transposed_size() const { return transposed_; }  // elements of the buffer of transposed copies
    Index count() const;                                   // trainable numbers, without padding

private:
    Index padded(Index cols) const;

    std::size_t element_size_;
    std::vector<Parameter> parameters_;
    Index size_ = 0, trainable_ = 0, transposed_ = 0;
};

// Copies one parameter from and to the layout of the flat buffers: w has p.span() elements in the host's memory.
// Outside it has PyTorch's layout and rows·cols contiguous elements.
template <class T>
void export_parameter(const Parameter& p, const T* w, T* out);
template <class T>
void import_parameter(const Parameter& p, const T* values, T* w);

// The distribution of the initial values of a weight or an embedding.
struct WeightInit {
    Init kind = Init::kGlorotUniform;
    double gain = 1.0;
    Index rng_stream = 0;
};
// The outputs are divided into `parts` matrices, which are initialised on their own, from consecutive
// streams.
template <class T>
void init_parameter(const Parameter& p, const WeightInit& init, std::uint64_t seed, T* flat, Index parts = 1);
template <class T>
void fill_parameter(const Parameter& p, T value, T* flat);

}  // namespace ds
