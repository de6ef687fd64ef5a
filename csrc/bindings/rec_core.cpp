// deepseek._core.RecCore: the engine behind deepseek.Rec. The bindings validate arrays and release the GIL;
// they compute nothing themselves. Sequences are (values or tokens, starts, lengths), for padded and ragged
// data alike.
#include "api/rec_core.h"

#include <vector>

#include "bindings/bind.h"
#include "bindings/model.h"
#include "bindings/spec.h"

namespace ds {
namespace {

struct Arrays {
    std::vector<py::object> kept;
    RawSequences raw;
    Index rows = 0;  // of the values or tokens
};

py::tuple parts_of(const py::object& object, std::size_t n, const char* name) {
    if (!py::isinstance<py::tuple>(object) || py::len(object) != n)
        throw py::type_error(error_text(name, py::cast<std::string>(py::repr(py::type::of(object))),
                                        "a tuple of " + std::to_string(n)));
    return py::reinterpret_borrow<py::tuple>(object);
}

std::string in_sequence(Index i) { return " in sequence " + std::to_string(i); }

// An int64 array with one value for each sequence.
const Index* indices(Arrays& a, const py::object& object, Index count, const char* name) {
    const py::array array = require<Index>(object, 1, name);
    if (array.shape(0) != count)
        throw ValueError(error_text(name, describe(array), std::to_string(count) + " values"));
    a.kept.push_back(array);
    return data<Index>(array);
}

// Sequence i is rows start[i] … start[i] + length(i) - 1 of an array of `rows` rows.
template <class Length>
void check_inside(const Index* start, const Length& length, Index count, Index rows, Index least,
                  const char* name) {
    for (Index i = 0; i < count; ++i)
        if (length(i) < least || start[i] < 0 || start[i] > rows || length(i) > rows - start[i])
            throw ValueError(error_text(
                name,
                "start " + std::to_string(start[i]) + " and length " + std::to_string(length(i)) +
                    in_sequence(i),
                "at least " + std::to_string(least) + " rows, within the array's " + std::to_string(rows)));
}

// Tokens, classes or labels from 0 to end - 1; `plural` names them.
void check_range(const Index* values, Index n, Index end, const char* name, const char* plural) {
    for (Index i = 0; i < n; ++i)
        if (values[i] < 0 || values[i] >= end)
            throw ValueError(error_text(name, std::to_string(values[i]) + " at index " + std::to_string(i),
                                        std::string(plural) + " 0 to " + std::to_string(end - 1)));
}

void read_inputs(const RecSpec& spec, const py::object& x, Arrays& a, const char* name) {
    const py::tuple parts = parts_of(x, 3, name);
    if (spec.tokens()) {
        const py::array tokens = require<Index>(parts[0], 1, name);
        a.rows = tokens.shape(0);
        a.raw.tokens = data<Index>(tokens);
        a.kept.push_back(tokens);
    } else {
        const py::array values =
            spec.is_double ? require<double>(parts[0], 2, name) : require<float>(parts[0], 2, name);
        if (values.shape(1) != spec.input_size)
            throw ValueError(
                error_text(name, describe(values), std::to_string(spec.input_size) + " features"));
        a.rows = values.shape(0);
        a.raw.values = values.data();
        a.kept.push_back(values);
    }
    const py::array starts = require<Index>(parts[1], 1, name);
    a.raw.count = starts.shape(0);
    a.raw.start = indices(a, parts[1], a.raw.count, name);
    a.raw.length = indices(a, parts[2], a.raw.count, name);
    check_inside(a.raw.start, [&](Index i) { return a.raw.length[i]; }, a.raw.count, a.rows, 1, name);
    for (Index i = 0; spec.tokens() && i < a.raw.count; ++i)  // gaps between sequences are not read
        check_range(a.raw.tokens + a.raw.start[i], a.raw.length[i], spec.vocabulary, name, "tokens");
}

void read_targets(const RecSpec& spec, const py::object& y, Arrays& a, const char* name) {
    if (spec.output == Output::kNext) {
        for (Index i = 0; i < a.raw.count; ++i)
            if (a.raw.length[i] < 2)
                throw ValueError(
                    error_text("X", "1 step" + in_sequence(i), "at least 2 for output \"next\""));
        return;
    }
    const py::tuple parts = parts_of(y, 3, name);
    const bool ctc = spec.output == Output::kCtc, each = has_stepwise_loss(spec.output);
    const bool labels = ctc || (py::isinstance<py::array>(parts[0]) &&
                                py::reinterpret_borrow<py::array>(parts[0]).ndim() == 1 &&
                                traits_of(spec.loss.kind).takes_labels());
    Index rows = 0;
    if (labels) {
        const py::array given = require<Index>(parts[0], 1, name);
        rows = given.shape(0);
        a.raw.label = data<Index>(given);
        if (!each && !ctc) check_range(a.raw.label, rows, spec.outputs(), name, "classes");
        a.kept.push_back(given);
    } else {
        if (!traits_of(spec.loss.kind).takes_rows())
            throw ValueError(error_text(name, "rows of values", "1-D int64 class indices"));
        const py::array given =
            spec.is_double ? require<double>(parts[0], 2, name) : require<float>(parts[0], 2, name);
        if (given.shape(1) != spec.outputs())
            throw ValueError(error_text(name, describe(given), std::to_string(spec.outputs()) + " columns"));
        rows = given.shape(0);
        a.raw.target = given.data();
        a.kept.push_back(given);
    }
    if (!each && !ctc) {
        if (rows != a.raw.count)
            throw ValueError(error_text(name, std::to_string(rows) + " rows",
                                        std::to_string(a.raw.count) + ", one for each sequence"));
        return;
    }
    a.raw.first = indices(a, parts[1], a.raw.count, name);
    if (each) {
        check_inside(a.raw.first, [&](Index i) { return a.raw.length[i]; }, a.raw.count, rows, 0, name);
        for (Index i = 0; labels && i < a.raw.count; ++i)
            check_range(a.raw.label + a.raw.first[i], a.raw.length[i], spec.outputs(), name, "classes");
        return;
    }
    a.raw.labels = indices(a, parts[2], a.raw.count, name);
    check_inside(a.raw.first, [&](Index i) { return a.raw.labels[i]; }, a.raw.count, rows, 0, name);
    for (Index i = 0; i < a.raw.count; ++i)
        check_range(a.raw.label + a.raw.first[i], a.raw.labels[i], spec.outputs(), name, "labels");
    for (Index i = 0; i < a.raw.count; ++i)
        for (Index j = 0; j < a.raw.labels[i]; ++j)
            if (a.raw.label[a.raw.first[i] + j] == 0)
                throw ValueError(error_text(name, "the blank 0" + in_sequence(i),
                                            "labels 1 to " + std::to_string(spec.outputs() - 1)));
}

void read_weights(const RecSpec& spec, const py::object& w, Arrays& a, const char* name) {
    if (w.is_none()) return;
    const py::tuple parts = parts_of(w, 2, name);
    const py::array given =
        spec.is_double ? require<double>(parts[0], 1, name) : require<float>(parts[0], 1, name);
    const Index rows = given.shape(0);
    a.raw.weight = given.data();
    a.kept.push_back(given);
    if (parts[1].is_none()) {
        if (rows != a.raw.count)
            throw ValueError(error_text(name, std::to_string(rows) + " values", std::to_string(a.raw.count)));
        return;
    }
    if (!has_stepwise_loss(spec.output))
        throw ValueError(error_text(name, "a weight for each step",
                                    "one for each sequence, unless output is \"sequence\" or \"next\""));
    a.raw.weight_first = indices(a, parts[1], a.raw.count, name);
    const Index last = spec.output == Output::kNext ? 1 : 0;
    check_inside(
        a.raw.weight_first, [&](Index i) { return a.raw.length[i] - last; }, a.raw.count, rows, 0, name);
}

Arrays data_of(const RecSpec& spec, const py::object& x, const py::object& y, const py::object& w,
               bool validation) {
    const char* names[2][3] = {{"X", "y", "sample_weight"}, {"X_val", "y_val", "sample_weight_val"}};
    Arrays a;
    if (x.is_none()) return a;
    read_inputs(spec, x, a, names[validation][0]);
    read_targets(spec, y, a, names[validation][1]);
    read_weights(spec, w, a, names[validation][2]);
    return a;
}

struct BoundRec : BoundModel<RecCore, Arrays> {
    explicit BoundRec(const py::dict& spec) : BoundModel(RecCore::make(rec_spec_from_dict(spec))) {}

    void begin(const py::object& x, const py::object& y, const py::object& w, const py::object& xv,
               const py::object& yv, const py::object& wv, const py::dict& options) {
        const FitOptions o = fit_options_from_dict(options);
        Arrays train = data_of(core->spec(), x, y, w, false);
        if (train.raw.count < 1) throw ValueError(error_text("X", "no sequences", "at least one"));
        begin_fit(std::move(train), data_of(core->spec(), xv, yv, wv, true), &Arrays::raw, o);
    }

    py::array predict(const py::object& values, const py::object& starts, const py::object& lengths) {
        const RecSpec& spec = core->spec();
        Arrays a;
        read_inputs(spec, py::make_tuple(values, starts, lengths), a, "X");
        Index rows = a.raw.count;
        if (has_stepwise_output(spec.output)) {
            rows = 0;
            for (Index i = 0; i < a.raw.count; ++i) rows += a.raw.length[i];
        }
        py::array out(dtype(), std::vector<py::ssize_t>{rows, spec.outputs()});
        void* target = out.mutable_data();
        read_only([&](InterruptPoll* poll) { return core->predict(a.raw, target, poll); });
        return out;
    }

    double evaluate(const py::object& x, const py::object& y, const py::object& w) {
        const Arrays set = data_of(core->spec(), x, y, w, false);
        if (set.raw.count < 1) throw ValueError(error_text("X", "no sequences", "at least one"));
        double loss = 0.0;
        read_only([&](InterruptPoll* poll) { return core->evaluate(set.raw, loss, poll); });
        return loss;
    }

    // step() for arrays that need no conversion, else None.
    py::object try_step(const py::object& x, const py::object& state) {
        const RecSpec& spec = core->spec();
        if (spec.bidirectional || spec.tokens()) return py::none();
        if (!is_ready(x, spec.input_size) || !is_ready(state, core->state_size())) return py::none();
        if (py::len(x) != py::len(state)) return py::none();
        return step(x, state);
    }

    py::tuple step(const py::object& x, const py::object& state) {
        const RecSpec& spec = core->spec();
        if (spec.bidirectional)
            throw ValueError(error_text("step", "a bidirectional model", "one direction; use predict"));
        RawSequences raw;
        py::array values;
        if (spec.tokens()) {
            values = require<Index>(x, 1, "x");
            raw.tokens = ds::data<Index>(values);
            check_range(raw.tokens, values.shape(0), spec.vocabulary, "x", "tokens");
        } else {
            values = matrix(x, "x");
            raw.values = values.data();
            if (values.shape(1) != spec.input_size)
                throw ValueError(
                    error_text("x", describe(values), std::to_string(spec.input_size) + " features"));
        }
        raw.count = values.shape(0);
        const py::array before = matrix(state, "state");
        if (before.shape(0) != raw.count || before.shape(1) != core->state_size())
            throw ValueError(error_text(
                "state", describe(before),
                "shape (" + std::to_string(raw.count) + ", " + std::to_string(core->state_size()) + ")"));
        py::array y(dtype(), std::vector<py::ssize_t>{raw.count, spec.outputs()});
        py::array after(dtype(), std::vector<py::ssize_t>{raw.count, core->state_size()});
        const void* from = before.data();
        void *to = after.mutable_data(), *out = y.mutable_data();
        if (raw.count > 0)
            read_only([&](InterruptPoll*) {
                core->step(raw, from, to, out);
                return true;
            });
        return py::make_tuple(y, after);
    }
};

}  // namespace

void bind_rec_core(py::module_& m) {
    py::class_<BoundRec> c(m, "RecCore", "The engine of deepseek.Rec.");
    c.def(py::init<const py::dict&>(), py::arg("spec"))
        .def(
            "spec", [](const BoundRec& n) { return spec_to_dict(n.core->spec()); },
            "Return the specification, with all defaults.")
        .def("begin", &BoundRec::begin, py::arg("X"), py::arg("y"), py::arg("w"), py::arg("Xv"),
             py::arg("yv"), py::arg("wv"), py::arg("options"),
             "Start or resume a fit on these sequences, which are read in place.")
        .def("predict", &BoundRec::predict, py::arg("values"), py::arg("starts"), py::arg("lengths"),
             "Return the outputs of each sequence, or of each step, sequence after sequence.")
        .def("evaluate", &BoundRec::evaluate, py::arg("X"), py::arg("y"), py::arg("w"),
             "Return the weighted mean loss.")
        .def("step", &BoundRec::step, py::arg("x"), py::arg("state"),
             "Return the outputs of one step of several sequences, and their new states.")
        .def("try_step", &BoundRec::try_step, py::arg("x"), py::arg("state"),
             "Return step() of finite arrays with the model's dtype and shapes; None for any others.")
        .def_property_readonly(
            "state_size", [](const BoundRec& n) { return n.core->state_size(); },
            "Number of values in the state of a sequence.");
    bind_model<BoundRec>(c);
}

}  // namespace ds
