// deepseek._core.NetCore: the engine behind deepseek.Net. The bindings validate arrays and release the GIL;
// they compute nothing themselves.
#include "bindings/net_core.h"

#include <vector>

#include "backend/device.h"
#include "bindings/bind.h"

namespace ds {

void BoundNet::begin(const py::object& x, const py::object& y, const py::object& w, const py::object& xv,
                     const py::object& yv, const py::object& wv, const py::dict& options) {
    const FitOptions o = fit_options_from_dict(options);
    NetArrays train = net_arrays(core->spec(), x, y, w, py::none(), false);
    if (train.raw.rows < 1) throw ValueError(error_text("X", "no rows", "at least one"));
    NetArrays validation = net_arrays(core->spec(), xv, yv, wv, py::none(), true);
    check_device(train);
    check_device(validation);
    begin_fit(std::move(train), std::move(validation), &NetArrays::raw, o);
}

void BoundNet::check_device(const NetArrays& arrays) const {
    if (arrays.raw.indptr != nullptr && !core->takes_sparse())
        throw ValueError(error_text("X", "sparse rows", "a dense array on this device. X.toarray() is one"));
}

py::array BoundNet::predict(const py::object& x) {
    const NetArrays in = net_inputs(core->spec(), x);
    check_device(in);
    py::array out(dtype(), std::vector<py::ssize_t>{in.raw.rows, core->spec().outputs()});
    void* target = out.mutable_data();
    read_only([&](InterruptPoll* poll) { return core->predict(in.raw, target, poll); });
    return out;
}

py::object BoundNet::try_predict(const py::object& x) {
    return is_ready(x, core->spec().input_size) ? py::object(predict(x)) : py::none();
}

double BoundNet::evaluate(const py::object& x, const py::object& y, const py::object& w) {
    const NetArrays set = net_arrays(core->spec(), x, y, w, py::none(), false);
    if (set.raw.rows < 1) throw ValueError(error_text("X", "no rows", "at least one"));
    check_device(set);
    double loss = 0.0;
    read_only([&](InterruptPoll* poll) { return core->evaluate(set.raw, loss, poll); });
    return loss;
}

void bind_net_core(py::module_& m) {
    py::class_<BoundNet> c(m, "NetCore", "The engine of deepseek.Net.");
    c.def(py::init<const py::dict&, int>(), py::arg("spec"), py::arg("device") = kHostDevice,
          "`device`: number of a CUDA device, or -1: the CPU.")
        .def(
            "spec", [](const BoundNet& n) { return spec_to_dict(n.core->spec()); },
            "Return the specification, with all defaults.")
        .def("begin", &BoundNet::begin, py::arg("X"), py::arg("y"), py::arg("w"), py::arg("Xv"),
             py::arg("yv"), py::arg("wv"), py::arg("options"),
             "Start or resume a fit on these arrays, which are read in place. X may be sparse rows.")
        .def("predict", &BoundNet::predict, py::arg("X"), "Return the outputs, one row for each row of X.")
        .def("try_predict", &BoundNet::try_predict, py::arg("X"),
             "Return predict() of a finite array with the model's dtype and columns; None for any other.")
        .def("evaluate", &BoundNet::evaluate, py::arg("X"), py::arg("y"), py::arg("w"),
             "Return the weighted mean loss.");
    bind_model<BoundNet>(c);
}

}  // namespace ds
