#include "bindings/sparse.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "bindings/bind.h"
#include "core/sparse_rows.h"

namespace ds {
namespace {

constexpr Index kMostColumns = std::numeric_limits<Column>::max();

template <class T>
py::array new_array(Index n) {
    return {py::dtype::of<T>(), std::vector<py::ssize_t>{n}};
}

template <class T>
T* mutable_data(py::array& a) {
    return static_cast<T*>(a.mutable_data());
}

Index rows_of(const py::array& indptr, const char* name) {
    if (indptr.shape(0) < 1) throw ValueError(error_text(name, "an empty indptr", "rows + 1 positions"));
    return indptr.shape(0) - 1;
}

template <class I>
py::tuple copies(const py::object& indptr_in, const py::object& indices_in, Index columns, const char* name) {
    const py::array indptr = require<I>(indptr_in, 1, name), indices = require<I>(indices_in, 1, name);
    const CsrArrays<I, I> arrays{data<I>(indptr), rows_of(indptr, name), data<I>(indices), indices.shape(0),
                                 columns};
    py::array own_indptr = new_array<Index>(indptr.shape(0)),
              own_indices = new_array<Column>(indices.shape(0));
    const bool ascends =
        copy_sparse_rows(arrays, mutable_data<Index>(own_indptr), mutable_data<Column>(own_indices), name);
    return py::make_tuple(own_indptr, own_indices, ascends);
}

py::tuple copy_rows(const py::object& indptr, const py::object& indices, Index columns,
                    const std::string& name) {
    if (columns < 0 || columns > kMostColumns)
        throw ValueError(error_text(name.c_str(), std::to_string(columns) + " columns",
                                    "at most " + std::to_string(kMostColumns) + " of sparse rows"));
    const bool narrow =
        py::isinstance<py::array>(indptr) &&
        py::reinterpret_borrow<py::array>(indptr).itemsize() == py::ssize_t{sizeof(std::int32_t)};
    return narrow ? copies<std::int32_t>(indptr, indices, columns, name.c_str())
                  : copies<std::int64_t>(indptr, indices, columns, name.c_str());
}

// The arrays of rows whose columns may be in any order.
template <class T>
SparseArrays any_rows(const py::object& indptr, const py::object& indices, const py::object& values,
                      Index columns, const char* name) {
    SparseArrays a{require<Index>(indptr, 1, name), require<Column>(indices, 1, name),
                   require<T>(values, 1, name)};
    a.rows = rows_of(a.indptr, name);
    a.cols = columns;
    const Index entries = std::min(a.indices.shape(0), a.values.shape(0));
    a.ascends = copy_sparse_rows<Index, Column>(
        {data<Index>(a.indptr), a.rows, data<Column>(a.indices), entries, columns}, nullptr, nullptr, name);
    return a;
}

template <class T>
Index sort_rows(const py::object& indptr, const py::object& indices, const py::object& values) {
    SparseArrays a = any_rows<T>(indptr, indices, values, kMostColumns, "X");
    return sort_sparse_rows(mutable_data<Index>(a.indptr), mutable_data<Column>(a.indices),
                            mutable_data<T>(a.values), a.rows);
}

template <class T>
py::tuple take_rows(const py::object& indptr_in, const py::object& indices_in, const py::object& values_in,
                    const py::object& rows_in) {
    const SparseArrays a = any_rows<T>(indptr_in, indices_in, values_in, kMostColumns, "X");
    const py::array rows = require<Index>(rows_in, 1, "rows");
    const Index *index = data<Index>(rows), *from = data<Index>(a.indptr);
    py::array indptr = new_array<Index>(rows.shape(0) + 1);
    Index* const to = mutable_data<Index>(indptr);
    to[0] = 0;
    for (Index i = 0; i < rows.shape(0); ++i) {
        if (index[i] < 0 || index[i] >= a.rows)
            throw ValueError(error_text("rows", std::to_string(index[i]),
                                        "row numbers 0 to " + std::to_string(a.rows - 1)));
        to[i + 1] = to[i] + from[index[i] + 1] - from[index[i]];
    }
    py::array indices = new_array<Column>(to[rows.shape(0)]), values = new_array<T>(to[rows.shape(0)]);
    take_sparse_rows(SparseMatrix<T>::of(from, data<Column>(a.indices), data<T>(a.values), a.rows, a.cols),
                     index, rows.shape(0), mutable_data<Column>(indices), mutable_data<T>(values));
    return py::make_tuple(indptr, indices, values);
}

bool is_double(const py::object& values) {
    return py::isinstance<py::array>(values) &&
           py::reinterpret_borrow<py::array>(values).itemsize() == py::ssize_t{sizeof(double)};
}

}  // namespace

bool is_sparse(const py::object& object) {
    return !py::isinstance<py::array>(object) && py::hasattr(object, "indptr");
}

template <class T>
SparseArrays require_sparse(const py::object& object, const char* name) {
    const auto shape = py::cast<std::pair<Index, Index>>(object.attr("shape"));
    SparseArrays a =
        any_rows<T>(object.attr("indptr"), object.attr("indices"), object.attr("data"), shape.second, name);
    if (!a.ascends) throw ValueError(error_text(name, "unsorted columns", "ascending columns in each row"));
    if (a.rows != shape.first)
        throw ValueError(error_text(name, std::to_string(a.rows) + " rows in indptr",
                                    std::to_string(shape.first) + ", as in shape"));
    return a;
}

template SparseArrays require_sparse<float>(const py::object&, const char*);
template SparseArrays require_sparse<double>(const py::object&, const char*);

void bind_sparse(py::module_& m) {
    m.def("copy_sparse_rows", &copy_rows, py::arg("indptr"), py::arg("indices"), py::arg("columns"),
          py::arg("name"),
          "Validate CSR indices; return copies as int64 and int32, and whether the columns of each row "
          "ascend.");
    m.def(
        "sort_sparse_rows",
        [](const py::object& indptr, const py::object& indices, const py::object& values) {
            return is_double(values) ? sort_rows<double>(indptr, indices, values)
                                     : sort_rows<float>(indptr, indices, values);
        },
        py::arg("indptr"), py::arg("indices"), py::arg("values"),
        "Sort the entries of each row by column in place, and add those of equal columns; return their "
        "number.");
    m.def(
        "take_sparse_rows",
        [](const py::object& indptr, const py::object& indices, const py::object& values,
           const py::object& rows) {
            return is_double(values) ? take_rows<double>(indptr, indices, values, rows)
                                     : take_rows<float>(indptr, indices, values, rows);
        },
        py::arg("indptr"), py::arg("indices"), py::arg("values"), py::arg("rows"),
        "Return indptr, indices and values of some rows.");
}

}  // namespace ds
