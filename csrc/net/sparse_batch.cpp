#include "net/sparse_batch.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace ds {
namespace {

constexpr Index kRowsPerPoll = 1024;  // of the transpose

// The sum of the `batch` longest rows of the data set.
template <class T>
Index most_entries(const Dataset<T>& data, Index batch) {
    std::vector<Column> lengths(static_cast<std::size_t>(data.rows));
    for (Index i = 0; i < data.rows; ++i)
        lengths[static_cast<std::size_t>(i)] = static_cast<Column>(data.sparse.entries(data.row(i)).size());
    const auto last = lengths.begin() + std::min(batch, data.rows);
    if (last != lengths.end()) std::nth_element(lengths.begin(), last, lengths.end(), std::greater<>());
    Index sum = 0;
    for (auto length = lengths.begin(); length != last; ++length) sum += *length;
    return sum;
}

}  // namespace

template <class T>
SparseBatch<T>::SparseBatch(const Dataset<T>& data, Index batch, double dropout)
    : data_(data),
      batch_(batch),
      dropout_(dropout),
      most_entries_(data.sparse ? most_entries(data, batch) : 0) {}

template <class T>
void SparseBatch<T>::allocate_buffers() {
    begin_.resize(batch_);
    end_.resize(batch_);
    if (copies()) {
        column_.resize(most_entries_);
        value_.resize(most_entries_);
    }
    ends_.resize(checked_add(data_.cols, 1));
    ends_[0] = 0;
    row_.resize(most_entries_);
    transposed_value_.resize(most_entries_);
}

template <class T>
void SparseBatch<T>::load_rows(const Backend<T>& backend, const MiniBatch& mini_batch, const RandomKey& key,
                               Range rows) {
    Index copied = 0;  // entries of the rows before
    for (Index i = 0; copies() && i < rows.begin; ++i)
        copied += data_.sparse.entries(mini_batch.row(i)).size();
    for (Index i = rows.begin; i < rows.end; ++i) {
        const Range source = data_.sparse.entries(mini_batch.row(i));
        begin_[i] = source.begin, end_[i] = source.end;
        if (!copies()) continue;
        begin_[i] = copied, end_[i] = copied + source.size();
        std::copy_n(data_.sparse.column + source.begin, source.size(), column_.data() + copied);
        std::copy_n(data_.sparse.value + source.begin, source.size(), value_.data() + copied);
        backend.dropout_entries(value_.data() + copied, column_.data() + copied, source.size(), data_.cols,
                                dropout_, key, i);
        copied += source.size();
    }
}

// A counting sort of the mini-batch's entries by column. Each worker sorts a part of the columns, whose entries
// follow those of the columns before. Rows ascend within a column.
template <class T>
void SparseBatch<T>::transpose(const MiniBatch& mini_batch, Share share, const StopToken* stop_token) {
    const Range cols = share.of(data_.cols, 16);
    const Column* const column = columns();
    const T* const value = values();
    const auto part = [&](Index i) {  // of a row's entries
        Range part = entries(mini_batch, i);
        if (share.workers == 1) return part;
        const auto position = [&](Index col) {
            return std::lower_bound(column + part.begin, column + part.end, col) - column;
        };
        return Range{position(cols.begin), position(cols.end)};
    };
    const auto stops = [&](Index i) {
        return stop_token && i % kRowsPerPoll == kRowsPerPoll - 1 && stop_token->stop_requested();
    };
    Index* const ends = ends_.data() + 1;
    std::fill(ends + cols.begin, ends + cols.end, 0);
    Index before = 0;
    for (Index i = 0; i < mini_batch.size; ++i) {
        if (stops(i)) return;
        const Range mine = part(i);
        before += mine.begin - entries(mini_batch, i).begin;
        for (Index e = mine.begin; e < mine.end; ++e) ++ends[column[e]];
    }
    for (Index col = cols.begin; col < cols.end; ++col) {
        const Index count = ends[col];
        ends[col] = before;
        before += count;
    }
    for (Index i = 0; i < mini_batch.size; ++i) {
        if (stops(i)) return;
        const Range mine = part(i);
        for (Index e = mine.begin; e < mine.end; ++e) {
            const Index to = ends[column[e]]++;
            row_[to] = static_cast<Column>(i);
            transposed_value_[to] = value[e];
        }
    }
}

template <class T>
void SparseBatch<T>::load(const Backend<T>& backend, const MiniBatch& mini_batch, const RandomKey& key,
                          Share share, Barrier& barrier, const StopToken* stop_token) {
    load_rows(backend, mini_batch, key, share.of(mini_batch.size));
    if (copies()) barrier.wait();  // the transpose reads the copies of all rows
    transpose(mini_batch, share, stop_token);
}

template <class T>
SparseInput<T> SparseBatch<T>::input(Index rows) const {
    SparseInput<T> views;
    views.rows = {begin_.data(), end_.data(), columns(), values(), rows, data_.cols};
    views.transposed = {ends_.data(), ends_.data() + 1, row_.data(), transposed_value_.data(), data_.cols,
                        rows};
    return views;
}

template class SparseBatch<float>;
template class SparseBatch<double>;

}  // namespace ds
