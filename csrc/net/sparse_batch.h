// A mini-batch of sparse rows and its transpose, which the weight gradient reads. The rows are read in place;
// input dropout needs copies of their entries.
#pragma once
#include "core/memory/memory.h"
#include "layers/layer.h"
#include "training/dataset.h"
#include "training/step.h"

namespace ds {

template <class T>
class SparseBatch {
public:
    // `dropout`: the rate of the input dropout. The data set outlives the object.
    SparseBatch(const Dataset<T>& data, Index batch, double dropout);

    void allocate_buffers();

    // A worker loads its rows and its columns of the transpose. It may read its own rows at once, and all else
    // after the next barrier. Reads the stop token, which may be null; after a stop, the transpose is invalid.
    void load(const Backend<T>& backend, const MiniBatch& mini_batch, const RandomKey& key, Share share,
              Barrier& barrier, const StopToken* stop_token);
    // The views of a mini-batch of `rows` rows.
    SparseInput<T> input(Index rows) const;

private:
    Range entries(const MiniBatch& mini_batch, Index i) const {
        return copies() ? Range{begin_[i], end_[i]} : data_.sparse.entries(mini_batch.row(i));
    }
    bool copies() const { return dropout_ > 0.0; }
    const Column* columns() const { return copies() ? column_.data() : data_.sparse.column; }
    const T* values() const { return copies() ? value_.data() : data_.sparse.value; }

    void load_rows(const Backend<T>& backend, const MiniBatch& mini_batch, const RandomKey& key, Range rows);
    void transpose(const MiniBatch& mini_batch, Share share, const StopToken* stop_token);

    Dataset<T> data_;
    Index batch_;
    double dropout_;
    Index most_entries_;            // of any mini-batch
    HostArray<Index> begin_, end_;  // entries of each row
    HostArray<Column> column_;      // copies, for the input dropout
    HostArray<T> value_;
    // The transpose: entries of input k are ends_[k] … ends_[k + 1] - 1, with rows of the mini-batch.
    HostArray<Index> ends_;
    HostArray<Column> row_;
    HostArray<T> transposed_value_;
};

}  // namespace ds
