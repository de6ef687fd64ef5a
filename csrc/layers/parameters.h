// The parameter table: where every weight, bias and running statistic lies in the one slab that holds them
// all. Gradients and optimizer moments are slabs of the same layout, so an update is one loop and a
// checkpoint one copy. Running statistics come last: they are saved with the weights, and no optimizer
// touches them.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/types.h"

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
    Index layer = 0;
    Index rows = 0;  // weights: inputs; an embedding: tokens; everything else: 1
    Index cols = 0;  // outputs
    Index ld = 0;
    Index offset = 0;       // elements from the start of the slab
    Index transposed = -1;  // offset of the (cols, rows) copy in the slab of copies, or -1: none is kept
    Index transposed_ld = 0;
    bool average = false;  // follows another parameter: saved with the weights, touched by no optimizer

    // PyTorch's layout of a weight is (outputs, inputs); an embedding's is our own.
    bool turned() const { return kind == ParameterKind::kWeight; }
    bool trainable() const { return kind < ParameterKind::kRunningMean && !average; }
    bool decays() const { return kind <= ParameterKind::kEmbedding; }
    // Rows that are updated together: with their moments they stay in the first caches. A transpose works on 16.
    Index block() const {
        constexpr Index kElements = Index(1) << 13, kRows = 16, kLeast = 48;
        return std::max(kElements / ld / kRows * kRows, kLeast);
    }
    // A weight whose gradient may be made by such rows: it is worth it, and they have room in those caches.
    bool large() const {
        constexpr Index kSome = Index(1) << 14, kRoom = Index(1) << 18;
        return kind == ParameterKind::kWeight && rows * ld >= kSome && block() * ld <= kRoom;
    }
    Index span() const { return (rows - 1) * ld + cols; }
};

class ParameterTable {
public:
    explicit ParameterTable(std::size_t element_size) : element_size_(element_size) {}

    // Adds a parameter and returns its index. Trainable ones must come before the others.
    Index add(std::string name, ParameterKind kind, Index layer, Index rows, Index cols,
              bool average = false);

    // Keep a transposed copy of weight `index` (what the input gradient reads). A weight of one row or column
    // is its own.
    void keep_transposed(Index index);

    const std::vector<Parameter>& all() const { return parameters_; }
    const Parameter& operator[](Index i) const { return parameters_[static_cast<std::size_t>(i)]; }
    Index size() const { return size_; }                   // elements of the whole slab
    Index trainable_size() const { return trainable_; }    // elements an optimizer sees
    Index transposed_size() const { return transposed_; }  // elements of the slab of copies
    Index count() const;                                   // trainable numbers, without padding

private:
    Index padded(Index cols) const;

    std::size_t element_size_;
    std::vector<Parameter> parameters_;
    Index size_ = 0, trainable_ = 0, transposed_ = 0;
};

}  // namespace ds
