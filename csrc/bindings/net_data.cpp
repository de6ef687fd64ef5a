#include "bindings/net_data.h"

#include "bindings/sparse.h"

namespace ds {
namespace {

struct ArgumentNames {
    const char *x, *y, *weight, *index;
};

void check_index(const Index* index, Index count, Index array_rows, const char* name) {
    for (Index i = 0; i < count; ++i)
        if (index[i] < 0 || index[i] >= array_rows)
            throw ValueError(error_text(name, std::to_string(index[i]) + " in position " + std::to_string(i),
                                        "row numbers 0 to " + std::to_string(array_rows - 1)));
}

void check_labels(const RawDataset& raw, Index classes, const char* name) {
    for (Index i = 0; i < raw.rows; ++i) {
        const Index row = raw.index ? raw.index[i] : i;
        if (raw.label[row] < 0 || raw.label[row] >= classes)
            throw ValueError(error_text(name,
                                        std::to_string(raw.label[row]) + " in row " + std::to_string(row),
                                        "classes 0 to " + std::to_string(classes - 1)));
    }
}

template <class T>
NetArrays inputs_of(const NetSpec& spec, const py::object& x, const char* name) {
    NetArrays a;
    const auto check_columns = [&](Index columns, const std::string& got) {
        if (columns != spec.input_size)
            throw ValueError(error_text(name, got, std::to_string(spec.input_size) + " columns"));
    };
    if (is_sparse(x)) {
        const char* dense_only = spec.numeric_embedding.features > 0 ? "numeric_embedding"
                                 : spec.input_scale_rate > 0.0       ? "input_scale_rate"
                                                                     : nullptr;
        if (dense_only)
            throw ValueError(error_text(name, std::string("a sparse matrix for a net with ") + dense_only,
                                        "a dense array (use " + std::string(name) + ".toarray())"));
        const SparseArrays s = require_sparse<T>(x, name);
        check_columns(s.cols, std::to_string(s.cols) + " columns");
        a.raw.x = s.values.data();
        a.raw.rows = s.rows;
        a.raw.indptr = data<Index>(s.indptr);
        a.raw.column = data<Column>(s.indices);
        a.x = py::make_tuple(s.indptr, s.indices, s.values);
    } else {
        const py::array xs = require<T>(x, 2, name);
        check_columns(xs.shape(1), describe(xs));
        a.raw.x = xs.data();
        a.raw.rows = xs.shape(0);
        a.x = xs;
    }
    a.raw.array_rows = a.raw.rows;
    return a;
}

template <class T>
NetArrays arrays_of(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& w,
                    const py::object& index, const ArgumentNames& names) {
    if (x.is_none()) return {};
    NetArrays a = inputs_of<T>(spec, x, names.x);
    if (!index.is_none()) {
        const py::array rows = require<Index>(index, 1, names.index);
        a.raw.index = data<Index>(rows);
        a.raw.rows = rows.shape(0);
        check_index(a.raw.index, a.raw.rows, a.raw.array_rows, names.index);
        a.index = rows;
    }
    const auto same_rows = [&](const py::array& other, const char* name) {
        if (other.shape(0) != a.raw.array_rows)
            throw ValueError(
                error_text(name, describe(other), std::to_string(a.raw.array_rows) + " rows, as X has"));
    };
    const bool labels = py::isinstance<py::array>(y) && py::reinterpret_borrow<py::array>(y).ndim() == 1 &&
                        traits_of(spec.loss.kind).takes_labels();
    if (labels) {
        const py::array ys = require<std::int64_t>(y, 1, names.y);
        same_rows(ys, names.y);
        a.raw.label = data<std::int64_t>(ys);
        check_labels(a.raw, spec.outputs(), names.y);
        a.y = ys;
    } else {
        if (!traits_of(spec.loss.kind).takes_rows())
            throw ValueError(error_text(names.y, "rows of values", "1-D int64 class indices"));
        const py::array ys = require<T>(y, 2, names.y);
        same_rows(ys, names.y);
        if (ys.shape(1) != spec.outputs())
            throw ValueError(error_text(names.y, describe(ys), std::to_string(spec.outputs()) + " columns"));
        a.raw.target = ys.data();
        a.y = ys;
    }
    if (!w.is_none()) {
        const py::array ws = require<T>(w, 1, names.weight);
        same_rows(ws, names.weight);
        a.raw.weight = ws.data();
        a.weight = ws;
    }
    return a;
}

}  // namespace

NetArrays net_inputs(const NetSpec& spec, const py::object& x) {
    return spec.is_double ? inputs_of<double>(spec, x, "X") : inputs_of<float>(spec, x, "X");
}

NetArrays net_arrays(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& weight,
                     const py::object& index, bool validation) {
    static constexpr ArgumentNames kNames[2] = {{"X", "y", "sample_weight", "rows"},
                                                {"X_val", "y_val", "sample_weight_val", "validation_rows"}};
    return spec.is_double ? arrays_of<double>(spec, x, y, weight, index, kNames[validation])
                          : arrays_of<float>(spec, x, y, weight, index, kNames[validation]);
}

}  // namespace ds
