// deepseek._core.kernels, continued: the kernels that work on the rows of a matrix, for the tests. Losses,
// softmax and its backward, arg-max, sums over a batch, products with sparse rows.
#include <string>
#include <utility>
#include <vector>

#include "backend/cpu/registry.h"
#include "bindings/array.h"
#include "bindings/bind.h"
#include "bindings/option_dict.h"
#include "bindings/sparse.h"
#include "core/fpenv.h"
#include "training/loss.h"

namespace ds {
namespace {

bool is_double(const py::object& x) { return py::isinstance<py::array_t<double>>(x); }

template <class T>
py::array fresh(std::vector<py::ssize_t> shape) {
    return py::array(py::dtype::of<T>(), std::move(shape));
}
template <class T>
T* mutable_data(py::array& a) {
    return static_cast<T*>(a.mutable_data());
}

// A matrix with contiguous rows.
template <class T>
Matrix<const T> view(const py::array& a) {
    return {data<T>(a), a.shape(0), a.shape(1)};
}

template <class T>
std::pair<py::array, py::array> loss(const LossSpec& spec, const py::object& x_in,
                                     const py::object& target_in, const py::object& row_scale_in,
                                     double scale) {
    const py::array x = require<T>(x_in, 2, "x");
    const Index rows = x.shape(0), cols = x.shape(1);
    if (cols < 1) throw ValueError("x: expected at least one column");
    LossArgs<T> a = loss_arguments<T>(spec, view<T>(x));
    const bool labels = py::isinstance<py::array_t<std::int64_t>>(target_in);
    const py::array target =
        labels ? require<std::int64_t>(target_in, 1, "target") : require<T>(target_in, 2, "target");
    if (target.shape(0) != rows || (!labels && target.shape(1) != cols))
        throw ValueError("target: does not fit x: " + describe(target));
    if (labels) {
        a.label = data<std::int64_t>(target);
        for (Index i = 0; i < rows; ++i)
            if (a.label[i] < 0 || a.label[i] >= (cols == 1 ? 2 : cols))
                throw ValueError("target: label out of range");
    } else {
        if (!traits_of(spec.kind).takes_rows()) throw ValueError("target: the loss takes labels");
        a.target = view<T>(target);
    }
    py::array row_scale;
    if (!row_scale_in.is_none()) {
        row_scale = require<T>(row_scale_in, 1, "row_scale");
        if (row_scale.shape(0) != rows) throw ValueError("row_scale: does not fit x: " + describe(row_scale));
        a.row_scale = data<T>(row_scale);
    }
    a.scale = static_cast<T>(scale);
    py::array row_loss = fresh<T>({rows}), d = fresh<T>({rows, cols});
    a.row_loss = mutable_data<T>(row_loss);
    a.d = {mutable_data<T>(d), rows, cols};
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels()).loss.rows[static_cast<int>(spec.kind)](a);
    return {row_loss, d};
}

template <class T>
py::array softmax(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array y = fresh<T>({x.shape(0), x.shape(1)});
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels())
        .reduce.softmax_rows({mutable_data<T>(y), x.shape(0), x.shape(1)}, view<T>(x));
    return y;
}

template <class T>
py::array softmax_grad(const py::object& y_in, const py::object& dy_in) {
    const py::array y = require<T>(y_in, 2, "y"), dy = require<T>(dy_in, 2, "dy");
    const Index rows = y.shape(0), cols = y.shape(1);
    if (dy.shape(0) != rows || dy.shape(1) != cols) throw ValueError("dy: has another shape than y");
    py::array dz = fresh<T>({rows, cols});
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels())
        .reduce.softmax_backward_rows({mutable_data<T>(dz), rows, cols}, view<T>(dy), view<T>(y));
    return dz;
}

template <class T>
py::array argmax(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array out = fresh<std::int64_t>({x.shape(0)});
    kernels_of<T>(active_kernels()).reduce.argmax_rows(mutable_data<std::int64_t>(out), view<T>(x));
    return out;
}

template <class T>
py::array col_sum(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array out = fresh<T>({x.shape(1)});
    const DefaultFpEnv environment;
    const Matrix<const T> in = view<T>(x);
    kernels_of<T>(active_kernels()).reduce.col_sum(mutable_data<T>(out), in.p, in.rows, in.cols, in.ld);
    return out;
}

template <class T>
py::array sparse_product(const py::object& a_in, const py::object& b_in, const py::object& bias_in,
                         bool multiply_zeros) {
    const SparseArrays a = require_sparse<T>(a_in, "A");
    const py::array b = require<T>(b_in, 2, "B");
    if (b.shape(0) != a.cols)
        throw ValueError(error_text("B", describe(b), std::to_string(a.cols) + " rows"));
    py::array bias;
    if (!bias_in.is_none()) {
        bias = require<T>(bias_in, 1, "bias");
        if (bias.shape(0) != b.shape(1))
            throw ValueError(error_text("bias", describe(bias), std::to_string(b.shape(1)) + " values"));
    }
    py::array c = fresh<T>({a.rows, b.shape(1)});
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels())
        .sparse.product({.a = SparseMatrix<T>::of(data<Index>(a.indptr), data<Column>(a.indices),
                                                  data<T>(a.values), a.rows, a.cols),
                         .b = data<T>(b),
                         .ldb = b.shape(1),
                         .c = mutable_data<T>(c),
                         .ldc = b.shape(1),
                         .n = b.shape(1),
                         .bias = bias_in.is_none() ? nullptr : data<T>(bias),
                         .multiply_zeros = multiply_zeros});
    return c;
}

}  // namespace

void bind_row_kernels(py::module_& m) {
    m.def(
        "loss",
        [](const py::dict& spec, const py::object& x, const py::object& target,
           const std::string& output_activation, const py::object& row_scale, double scale) {
            auto chosen = options_from_dict<LossSpec>(spec);
            chosen.kind = find_loss(traits_of(chosen.kind).name, output_activation);
            return is_double(x) ? loss<double>(chosen, x, target, row_scale, scale)
                                : loss<float>(chosen, x, target, row_scale, scale);
        },
        py::arg("spec"), py::arg("x"), py::arg("target"), py::kw_only(), py::arg("output_activation") = "",
        py::arg("row_scale") = py::none(), py::arg("scale") = 1.0,
        "(losses of the rows, gradient) of outputs x, or of logits if the loss is fused; 1-D int64 targets "
        "are labels.");
    m.def(
        "softmax", [](const py::object& x) { return is_double(x) ? softmax<double>(x) : softmax<float>(x); },
        py::arg("x"), "Softmax of each row.");
    m.def(
        "softmax_grad",
        [](const py::object& y, const py::object& dy) {
            return is_double(y) ? softmax_grad<double>(y, dy) : softmax_grad<float>(y, dy);
        },
        py::arg("y"), py::arg("dy"),
        "The gradient at softmax's input from its output y and the gradient there.");
    m.def(
        "argmax", [](const py::object& x) { return is_double(x) ? argmax<double>(x) : argmax<float>(x); },
        py::arg("x"), "The first largest element of each row.");
    m.def(
        "col_sum", [](const py::object& x) { return is_double(x) ? col_sum<double>(x) : col_sum<float>(x); },
        py::arg("x"), "The sums over the rows.");
    m.def(
        "sparse_product",
        [](const py::object& a, const py::object& b, const py::object& bias, bool multiply_zeros) {
            return is_double(b) ? sparse_product<double>(a, b, bias, multiply_zeros)
                                : sparse_product<float>(a, b, bias, multiply_zeros);
        },
        py::arg("A"), py::arg("B"), py::kw_only(), py::arg("bias") = py::none(),
        py::arg("multiply_zeros") = false, "A·B (+ bias) of sparse rows A.");
}

}  // namespace ds
