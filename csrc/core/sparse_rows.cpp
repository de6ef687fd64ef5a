#include "core/sparse_rows.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"

namespace ds {
namespace {

[[noreturn]] void refuse(const char* name, const std::string& got, const std::string& expected) {
    throw ValueError(std::string(name) + ": got " + got + "; expected " + expected);
}

}  // namespace

template <class P, class I>
bool copy_sparse_rows(const CsrArrays<P, I>& from, Index* indptr, Column* column, const char* name) {
    const auto in_row = [](Index row) { return " in row " + std::to_string(row); };
    bool ascends = true;
    Index begin = from.indptr[0];
    if (begin != 0) refuse(name, "indptr[0] = " + std::to_string(begin), "0");
    if (indptr) indptr[0] = 0;
    for (Index row = 0; row < from.rows; ++row) {
        const Index end = from.indptr[row + 1];
        if (end < begin)
            refuse(name,
                   "indptr that falls from " + std::to_string(begin) + " to " + std::to_string(end) +
                       in_row(row),
                   "ascending positions");
        if (end > from.entries)
            refuse(
                name,
                "indptr up to " + std::to_string(end) + " for " + std::to_string(from.entries) + " entries",
                "positions of entries");
        if (indptr) indptr[row + 1] = end;
        Index last = -1;
        for (Index e = begin; e < end; ++e) {
            const Index at = from.column[e];
            if (at < 0 || at >= from.cols)
                refuse(name, "column " + std::to_string(at) + in_row(row),
                       "columns 0 to " + std::to_string(from.cols - 1));
            ascends &= at > last;
            last = at;
            if (column) column[e] = static_cast<Column>(at);
        }
        begin = end;
    }
    return ascends;
}

template <class T>
Index sort_sparse_rows(Index* indptr, Column* column, T* value, Index rows) {
    std::vector<std::pair<Column, T>> entries;
    Index written = 0, begin = 0;
    for (Index row = 0; row < rows; ++row) {
        const Index end = indptr[row + 1];
        entries.clear();
        for (Index e = begin; e < end; ++e) entries.emplace_back(column[e], value[e]);
        std::stable_sort(entries.begin(), entries.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        const Index first = written;
        for (const auto& [at, x] : entries) {
            if (written > first && column[written - 1] == at) {
                value[written - 1] += x;
                continue;
            }
            column[written] = at;
            value[written] = x;
            ++written;
        }
        indptr[row + 1] = written;
        begin = end;
    }
    return written;
}

template <class T>
void take_sparse_rows(const SparseMatrix<T>& from, const Index* index, Index rows, Column* column, T* value) {
    for (Index i = 0; i < rows; ++i) {
        const Range e = from.entries(index[i]);
        column = std::copy(from.column + e.begin, from.column + e.end, column);
        value = std::copy(from.value + e.begin, from.value + e.end, value);
    }
}

template bool copy_sparse_rows(const CsrArrays<std::int32_t, std::int32_t>&, Index*, Column*, const char*);
template bool copy_sparse_rows(const CsrArrays<std::int64_t, std::int32_t>&, Index*, Column*, const char*);
template bool copy_sparse_rows(const CsrArrays<std::int64_t, std::int64_t>&, Index*, Column*, const char*);
template Index sort_sparse_rows(Index*, Column*, float*, Index);
template Index sort_sparse_rows(Index*, Column*, double*, Index);
template void take_sparse_rows(const SparseMatrix<float>&, const Index*, Index, Column*, float*);
template void take_sparse_rows(const SparseMatrix<double>&, const Index*, Index, Column*, double*);

}  // namespace ds
