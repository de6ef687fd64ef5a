// deepseek._core.GenCore: the engine behind deepseek.Gen. No arithmetic here: arrays in, arrays out, the GIL released
// meanwhile.
#include "api/gen_core.h"

#include <string>
#include <vector>

#include "bindings/bind.h"
#include "bindings/model.h"
#include "bindings/spec.h"

namespace ds {
namespace {

struct Arrays {
    py::object x, y;
    RawRows raw;
};

// Labels for `rows` rows, or null where the model has no classes.
const std::int64_t* labels_of(const GenSpec& spec, const py::object& y, Index rows) {
    if (y.is_none() != (spec.classes == 0))
        throw ValueError(spec.classes == 0 ? "y: this model has no classes" : "y: this model needs labels");
    if (y.is_none()) return nullptr;
    const py::array labels = require<std::int64_t>(y, 1, "y");
    if (labels.shape(0) != rows)
        throw ValueError("y: expected " + std::to_string(rows) + " labels, got " + describe(labels));
    const auto* values = data<std::int64_t>(labels);
    for (Index i = 0; i < rows; ++i)
        if (values[i] < 0 || values[i] >= spec.classes)
            throw ValueError("y: row " + std::to_string(i) + " has class " + std::to_string(values[i]) +
                             ", expected 0 to " + std::to_string(spec.classes - 1));
    return values;
}

struct BoundGen : BoundModel<GenCore, Arrays> {
    explicit BoundGen(const py::dict& spec) : BoundModel(GenCore::make(gen_spec_from_dict(spec))) {}

    Arrays rows_of(const py::object& x, const py::object& y) const {
        const GenSpec& spec = core->spec();
        if (spec.sequences()) throw ValueError("X: this model is of sequences: values, starts, lengths");
        const py::array xs = matrix(x, "X");
        if (xs.shape(1) != spec.data)
            throw ValueError("X: expected " + std::to_string(spec.data) + " columns, got " + describe(xs));
        Arrays a;
        a.raw.x = xs.data();
        a.raw.rows = xs.shape(0);
        a.raw.label = labels_of(spec, y, xs.shape(0));
        a.x = xs;
        a.y = y;
        return a;
    }

    // Packed sequences: values (steps, data) or tokens (steps), and where each sequence starts and how long it is.
    Arrays sequences_of(const py::object& x, const py::object& starts, const py::object& lengths,
                        const py::object& y) const {
        const GenSpec& spec = core->spec();
        if (!spec.sequences()) throw ValueError("X: this model is of rows, not of sequences");
        const py::array start = require<Index>(starts, 1, "starts"),
                        length = require<Index>(lengths, 1, "lengths");
        const Index n = start.shape(0);
        if (length.shape(0) != n)
            throw ValueError("lengths: expected one a sequence, got " + describe(length));
        Arrays a;
        const py::array values = spec.texts() ? require<Index>(x, 1, "X") : matrix(x, "X");
        if (!spec.texts() && values.shape(1) != spec.data)
            throw ValueError("X: expected " + std::to_string(spec.data) + " features, got " +
                             describe(values));
        a.raw.start = ds::data<Index>(start);
        a.raw.length = ds::data<Index>(length);
        const Index steps = values.shape(0);
        for (Index i = 0; i < n; ++i) {
            const Index from = a.raw.start[i], many = a.raw.length[i];
            if (many < 1 || many > spec.length || from < 0 || from > steps - many)
                throw ValueError("X: sequence " + std::to_string(i) + " starts at " + std::to_string(from) +
                                 " with " + std::to_string(many) + " steps, expected 1 to " +
                                 std::to_string(spec.length) + " within " + std::to_string(steps));
        }
        if (spec.texts()) {
            a.raw.tokens = ds::data<Index>(values);
            for (Index i = 0; i < n; ++i)  // what lies between sequences is nobody's
                for (Index t = 0; t < a.raw.length[i]; ++t) {
                    const Index token = a.raw.tokens[a.raw.start[i] + t];
                    if (token < 0 || token >= spec.vocabulary)
                        throw ValueError("X: sequence " + std::to_string(i) + " has token " +
                                         std::to_string(token) + ", expected 0 to " +
                                         std::to_string(spec.vocabulary - 1));
                }
        } else {
            a.raw.x = values.data();
        }
        a.raw.rows = n;
        a.raw.label = labels_of(spec, y, n);
        a.x = py::make_tuple(values, start, length);
        a.y = y;
        return a;
    }

    void begin_sequences(const py::object& x, const py::object& starts, const py::object& lengths,
                         const py::object& y, const py::dict& options) {
        const FitOptions o = options_from_dict(options);
        begin_fit(sequences_of(x, starts, lengths, y), Arrays{}, &Arrays::raw, o);
    }

    py::array sample_sequences(Index n, const py::object& y, const py::array& lengths, std::uint64_t seed,
                               Index first) {
        const GenSpec& spec = core->spec();
        if (!spec.sequences()) throw ValueError("sample: this model is of rows, not of sequences");
        if (n < 0 || first < 0) throw ValueError("n, first: expected numbers of sequences >= 0");
        const py::array many = require<Index>(lengths, 1, "lengths");
        const auto* steps = ds::data<Index>(many);
        if (many.shape(0) != n) throw ValueError("lengths: expected one a sequence, got " + describe(many));
        for (Index i = 0; i < n; ++i)
            if (steps[i] < 1 || steps[i] > spec.length)
                throw ValueError("lengths: sequence " + std::to_string(i) + " has " +
                                 std::to_string(steps[i]) + " steps, expected 1 to " +
                                 std::to_string(spec.length));
        const std::int64_t* labels = labels_of(spec, y, n);
        py::array out = spec.texts()
                            ? py::array(py::dtype::of<Index>(), std::vector<py::ssize_t>{n, spec.length})
                            : py::array(dtype(), std::vector<py::ssize_t>{n, spec.length, spec.data});
        void* target = out.mutable_data();
        read_only(
            [&](Poll* poll) { return core->sample_sequences(target, labels, steps, seed, first, n, poll); });
        return out;
    }

    py::array sequence_scores(const py::object& x, const py::object& starts, const py::object& lengths,
                              const py::object& y) {
        const Arrays rows = sequences_of(x, starts, lengths, y);
        if (rows.raw.rows % core->spec().together() != 0)
            throw ValueError("X: got " + std::to_string(rows.raw.rows) +
                             " sequences, expected a multiple of " + std::to_string(core->spec().together()) +
                             ", as many as are judged together");
        py::array out(dtype(), std::vector<py::ssize_t>{rows.raw.rows});
        void* target = out.mutable_data();
        read_only([&](Poll* poll) { return core->scores(target, rows.raw, poll); });
        return out;
    }

    void begin(const py::object& x, const py::object& y, const py::dict& options) {
        const FitOptions o = options_from_dict(options);
        begin_fit(rows_of(x, y), Arrays{}, &Arrays::raw, o);
    }

    py::array sample(Index n, const py::object& y, std::uint64_t seed, Index first) {
        const GenSpec& spec = core->spec();
        if (spec.sequences()) throw ValueError("sample: this model is of sequences, and wants their lengths");
        if (n < 0 || first < 0) throw ValueError("n, first: expected numbers of rows >= 0");
        const std::int64_t* labels = labels_of(spec, y, n);
        py::array out(dtype(), std::vector<py::ssize_t>{n, spec.data});
        void* target = out.mutable_data();
        read_only([&](Poll* poll) { return core->sample(target, labels, seed, first, n, poll); });
        return out;
    }

    py::array scores(const py::object& x, const py::object& y) {
        const Index together = core->spec().together();
        const Arrays rows = rows_of(x, y);
        if (rows.raw.rows % together != 0)
            throw ValueError("X: got " + std::to_string(rows.raw.rows) + " rows, expected a multiple of " +
                             std::to_string(together) + ", the rows that are judged together");
        py::array out(dtype(), std::vector<py::ssize_t>{rows.raw.rows / core->spec().pack});
        void* target = out.mutable_data();
        read_only([&](Poll* poll) { return core->scores(target, rows.raw, poll); });
        return out;
    }

    void keep_best() {
        const Exclusive lock = locked<Exclusive>(*core);
        core->keep_best();
    }
    bool restore_best() {
        const Exclusive lock = locked<Exclusive>(*core);
        return core->restore_best();
    }
};

}  // namespace

void bind_gen_core(py::module_& m) {
    py::class_<BoundGen> c(m, "GenCore", "The engine behind deepseek.Gen, configured by one dict.");
    c.def(py::init<const py::dict&>(), py::arg("spec"))
        .def(
            "spec", [](const BoundGen& g) { return spec_to_dict(g.core->spec()); },
            "The specification, defaults filled in.")
        .def("begin", &BoundGen::begin, py::arg("X"), py::arg("y"), py::arg("options"),
             "Start or resume a fit over these arrays, which are read in place.")
        .def("begin", &BoundGen::begin_sequences, py::arg("X"), py::arg("starts"), py::arg("lengths"),
             py::arg("y"), py::arg("options"), "The same over packed sequences.")
        .def("sample", &BoundGen::sample_sequences, py::arg("n"), py::arg("y"), py::arg("lengths"),
             py::arg("seed"), py::arg("first") = 0,
             "The same of sequences: (n, length, data), or tokens (n, length).")
        .def("scores", &BoundGen::sequence_scores, py::arg("X"), py::arg("starts"), py::arg("lengths"),
             py::arg("y"), "The same of packed sequences, one a sequence.")
        .def("sample", &BoundGen::sample, py::arg("n"), py::arg("y"), py::arg("seed"), py::arg("first") = 0,
             "Rows number `first` to `first` + n - 1 of a seed's samples.")
        .def("scores", &BoundGen::scores, py::arg("X"), py::arg("y"),
             "The discriminator's scores, one a pack of rows.")
        .def("keep_best", &BoundGen::keep_best, "Keep a copy of all parameters, part of the state.")
        .def("restore_best", &BoundGen::restore_best,
             "Put back what keep_best() kept; False where there is nothing.");
    bind_model<BoundGen>(c);
}

}  // namespace ds
