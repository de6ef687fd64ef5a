// deepseek._core.NetCore: the engine behind deepseek.Net. No arithmetic here: arrays in, arrays out, the GIL released
// meanwhile.
#include "api/net_core.h"

#include <vector>

#include "bindings/bind.h"
#include "bindings/model.h"
#include "bindings/spec.h"

namespace ds {
namespace {

// The arrays of one data set, kept alive, and the engine's view of them.
struct Arrays {
    py::object x, y, weight;
    RawDataset raw;
};

template <class T>
Arrays dataset_of(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& w,
                  const char* names[3]) {
    Arrays a;
    if (x.is_none()) return a;
    const py::array xs = require<T>(x, 2, names[0]);
    if (xs.shape(1) != spec.inputs)
        throw ValueError(std::string(names[0]) + ": expected " + std::to_string(spec.inputs) +
                         " columns, got " + describe(xs));
    a.raw.x = xs.data();
    a.raw.rows = xs.shape(0);
    const auto same_rows = [&](const py::array& other, const char* name) {
        if (other.shape(0) != xs.shape(0))
            throw ValueError(std::string(name) + ": expected " + std::to_string(xs.shape(0)) +
                             " rows, as X has, got " + describe(other));
    };
    const bool labels = py::isinstance<py::array>(y) && py::reinterpret_borrow<py::array>(y).ndim() == 1 &&
                        spec.takes_labels();
    if (labels) {
        const py::array ys = require<std::int64_t>(y, 1, names[1]);
        same_rows(ys, names[1]);
        a.raw.label = data<std::int64_t>(ys);
        for (Index i = 0; i < a.raw.rows; ++i)
            if (a.raw.label[i] < 0 || a.raw.label[i] >= spec.outputs())
                throw ValueError(std::string(names[1]) + ": row " + std::to_string(i) + " has class " +
                                 std::to_string(a.raw.label[i]) + ", expected 0 to " +
                                 std::to_string(spec.outputs() - 1));
        a.y = ys;
    } else {
        if (!spec.takes_rows())
            throw ValueError(std::string(names[1]) + ": expected 1-D int64 class indices");
        const py::array ys = require<T>(y, 2, names[1]);
        same_rows(ys, names[1]);
        if (ys.shape(1) != spec.outputs())
            throw ValueError(std::string(names[1]) + ": expected " + std::to_string(spec.outputs()) +
                             " columns, got " + describe(ys));
        a.raw.target = ys.data();
        a.y = ys;
    }
    if (!w.is_none()) {
        const py::array ws = require<T>(w, 1, names[2]);
        same_rows(ws, names[2]);
        a.raw.weight = ws.data();
        a.weight = ws;
    }
    a.x = xs;
    return a;
}

Arrays dataset_of(const NetSpec& spec, const py::object& x, const py::object& y, const py::object& w,
                  bool validation) {
    const char* names[2][3] = {{"X", "y", "sample_weight"}, {"X_val", "y_val", "sample_weight_val"}};
    return spec.is_double ? dataset_of<double>(spec, x, y, w, names[validation])
                          : dataset_of<float>(spec, x, y, w, names[validation]);
}

struct BoundNet : BoundModel<NetCore, Arrays> {
    explicit BoundNet(const py::dict& spec) : BoundModel(NetCore::make(net_spec_from_dict(spec))) {}

    void begin(const py::object& x, const py::object& y, const py::object& w, const py::object& xv,
               const py::object& yv, const py::object& wv, const py::dict& options) {
        const FitOptions o = options_from_dict(options);
        Arrays train = dataset_of(core->spec(), x, y, w, false);
        if (train.raw.rows < 1) throw ValueError("X: expected at least 1 row, got 0");
        begin_fit(std::move(train), dataset_of(core->spec(), xv, yv, wv, true), &Arrays::raw, o);
    }

    py::array predict(const py::object& x) {
        const NetSpec& spec = core->spec();
        const py::array in = matrix(x, "X");
        if (in.shape(1) != spec.inputs)
            throw ValueError("X: expected " + std::to_string(spec.inputs) + " columns, got " + describe(in));
        py::array out(dtype(), std::vector<py::ssize_t>{in.shape(0), spec.outputs()});
        const void* source = in.data();
        void* target = out.mutable_data();
        const Index rows = in.shape(0);
        read_only([&](Poll* poll) { return core->predict(source, rows, target, poll); });
        return out;
    }

    // predict() if it takes the array as it is, else None.
    py::object try_predict(const py::object& x) {
        return is_ready(x, core->spec().inputs) ? py::object(predict(x)) : py::none();
    }

    double evaluate(const py::object& x, const py::object& y, const py::object& w) {
        const Arrays set = dataset_of(core->spec(), x, y, w, false);
        if (set.raw.rows < 1) throw ValueError("X: expected at least 1 row, got 0");
        double loss = 0.0;
        read_only([&](Poll* poll) { return core->evaluate(set.raw, loss, poll); });
        return loss;
    }
};

}  // namespace

void bind_net_core(py::module_& m) {
    py::class_<BoundNet> c(m, "NetCore", "The engine behind deepseek.Net, configured by one dict.");
    c.def(py::init<const py::dict&>(), py::arg("spec"))
        .def(
            "spec", [](const BoundNet& n) { return spec_to_dict(n.core->spec()); },
            "The specification, defaults filled in.")
        .def("begin", &BoundNet::begin, py::arg("X"), py::arg("y"), py::arg("w"), py::arg("Xv"),
             py::arg("yv"), py::arg("wv"), py::arg("options"),
             "Start or resume a fit over these arrays, which are read in place.")
        .def("predict", &BoundNet::predict, py::arg("X"), "Outputs, one row a row of X.")
        .def("try_predict", &BoundNet::try_predict, py::arg("X"),
             "predict() of a finite array of the model's own type and columns; None for any other.")
        .def("evaluate", &BoundNet::evaluate, py::arg("X"), py::arg("y"), py::arg("w"),
             "The weighted mean loss.");
    bind_model<BoundNet>(c);
}

}  // namespace ds
