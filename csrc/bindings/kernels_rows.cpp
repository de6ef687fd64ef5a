// deepseek._core.kernels, continued: the kernels that work on the rows of a matrix, for the tests. Losses,
// softmax and its backward, arg-max, sums over a batch.
#include <string>
#include <utility>
#include <vector>

#include "backend/registry.h"
#include "bindings/array.h"
#include "bindings/bind.h"
#include "core/fpenv.h"

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

struct LossOptionsIn {
    double scale, delta, quantile, gamma, alpha, smoothing;
};

template <class T>
std::pair<py::array, py::array> loss(const std::string& name, const py::object& x_in,
                                     const py::object& target_in, const py::object& row_scale_in,
                                     const LossOptionsIn& o) {
    const auto which = parse_loss(name);
    if (!which) throw ValueError("loss: unknown name " + name);
    const py::array x = require<T>(x_in, 2, "x");
    const Index rows = x.shape(0), cols = x.shape(1);
    if (cols < 1) throw ValueError("x: expected at least one column");
    LossArgs<T> a{};
    a.rows = rows;
    a.cols = cols;
    a.y = a.z = data<T>(x);
    a.ldy = a.ldz = a.ldt = a.ldd = cols;
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
        if (*which == Loss::kFocal) throw ValueError("target: focal takes labels");
        a.target = data<T>(target);
    }
    py::array row_scale;
    if (!row_scale_in.is_none()) {
        row_scale = require<T>(row_scale_in, 1, "row_scale");
        if (row_scale.shape(0) != rows) throw ValueError("row_scale: does not fit x: " + describe(row_scale));
        a.row_scale = data<T>(row_scale);
    }
    a.scale = static_cast<T>(o.scale);
    a.delta = static_cast<T>(o.delta);
    a.quantile = static_cast<T>(o.quantile);
    a.gamma = static_cast<T>(o.gamma);
    a.alpha = static_cast<T>(o.alpha);
    a.smoothing = static_cast<T>(o.smoothing);
    py::array row_loss = fresh<T>({rows}), d = fresh<T>({rows, cols});
    a.row_loss = mutable_data<T>(row_loss);
    a.d = mutable_data<T>(d);
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels()).loss.rows[static_cast<int>(*which)](a);
    return {row_loss, d};
}

template <class T>
py::array softmax(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array y = fresh<T>({x.shape(0), x.shape(1)});
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels())
        .reduce.softmax_rows(mutable_data<T>(y), x.shape(1), data<T>(x), x.shape(1), x.shape(0), x.shape(1));
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
        .reduce.softmax_backward_rows(mutable_data<T>(dz), cols, data<T>(dy), cols, data<T>(y), cols, rows,
                                      cols);
    return dz;
}

template <class T>
py::array argmax(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array out = fresh<std::int64_t>({x.shape(0)});
    kernels_of<T>(active_kernels())
        .reduce.argmax_rows(mutable_data<std::int64_t>(out), data<T>(x), x.shape(1), x.shape(0), x.shape(1));
    return out;
}

template <class T>
py::array col_sum(const py::object& x_in) {
    const py::array x = require<T>(x_in, 2, "x");
    py::array out = fresh<T>({x.shape(1)});
    const DefaultFpEnv environment;
    kernels_of<T>(active_kernels())
        .reduce.col_sum(mutable_data<T>(out), data<T>(x), x.shape(1), x.shape(0), x.shape(1));
    return out;
}

}  // namespace

void bind_row_kernels(py::module_& m) {
    m.def(
        "loss",
        [](const std::string& name, const py::object& x, const py::object& target,
           const py::object& row_scale, double scale, double delta, double quantile, double gamma,
           double alpha, double smoothing) {
            const LossOptionsIn o{scale, delta, quantile, gamma, alpha, smoothing};
            return is_double(x) ? loss<double>(name, x, target, row_scale, o)
                                : loss<float>(name, x, target, row_scale, o);
        },
        py::arg("name"), py::arg("x"), py::arg("target"), py::kw_only(), py::arg("row_scale") = py::none(),
        py::arg("scale") = 1.0, py::arg("delta") = 1.0, py::arg("quantile") = 0.5, py::arg("gamma") = 2.0,
        py::arg("alpha") = -1.0, py::arg("smoothing") = 0.0,
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
}

}  // namespace ds
