// deepseek._core.GenCore: the engine behind deepseek.Gen. The bindings validate arrays and release the GIL;
// they compute nothing themselves.
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

// Labels of `rows` rows, or null if the model has no classes.
const std::int64_t* labels_of(const GenSpec& spec, const py::object& y, Index rows) {
    if (y.is_none() && spec.classes > 0)
        throw ValueError(error_text("y", "None", "labels 0 to " + std::to_string(spec.classes - 1)));
    if (!y.is_none() && spec.classes == 0)
        throw ValueError(error_text("y", "labels", "None, as this model has no classes"));
    if (y.is_none()) return nullptr;
    const py::array labels = require<std::int64_t>(y, 1, "y");
    if (labels.shape(0) != rows)
        throw ValueError(error_text("y", describe(labels), std::to_string(rows) + " labels"));
    const auto* values = data<std::int64_t>(labels);
    for (Index i = 0; i < rows; ++i)
        if (values[i] < 0 || values[i] >= spec.classes)
            throw ValueError(error_text("y", std::to_string(values[i]) + " in row " + std::to_string(i),
                                        "classes 0 to " + std::to_string(spec.classes - 1)));
    return values;
}

void check_count(Index n, Index first) {
    if (n < 0) throw ValueError(error_text("n", std::to_string(n), "at least 0"));
    if (first < 0) throw ValueError(error_text("first", std::to_string(first), "at least 0"));
}

// The discriminator scores whole groups of pac rows.
void check_multiple(const GenSpec& spec, Index rows) {
    if (rows % spec.batch_multiple() != 0)
        throw ValueError(error_text("X", std::to_string(rows) + " rows",
                                    "a multiple of " + std::to_string(spec.batch_multiple()) +
                                        ", the rows that the discriminator scores together"));
}

struct BoundGen : BoundModel<GenCore, Arrays> {
    explicit BoundGen(const py::dict& spec) : BoundModel(GenCore::make(gen_spec_from_dict(spec))) {}

    Arrays rows_of(const py::object& x, const py::object& y) const {
        const GenSpec& spec = core->spec();
        if (spec.sequences())
            throw ValueError(error_text("X", "rows", "sequences: values, starts and lengths"));
        const py::array xs = matrix(x, "X");
        if (xs.shape(1) != spec.data_size)
            throw ValueError(error_text("X", describe(xs), std::to_string(spec.data_size) + " columns"));
        Arrays a;
        a.raw.x = xs.data();
        a.raw.rows = xs.shape(0);
        a.raw.label = labels_of(spec, y, xs.shape(0));
        a.x = xs;
        a.y = y;
        return a;
    }

    // Packed sequences: values (steps, data) or tokens (steps), and the start and length of each sequence.
    Arrays sequences_of(const py::object& x, const py::object& starts, const py::object& lengths,
                        const py::object& y) const {
        const GenSpec& spec = core->spec();
        if (!spec.sequences()) throw ValueError(error_text("X", "sequences", "rows"));
        const py::array start = require<Index>(starts, 1, "starts"),
                        length = require<Index>(lengths, 1, "lengths");
        const Index n = start.shape(0);
        if (length.shape(0) != n)
            throw ValueError(error_text("lengths", describe(length), "one for each sequence"));
        Arrays a;
        const py::array values = spec.texts() ? require<Index>(x, 1, "X") : matrix(x, "X");
        if (!spec.texts() && values.shape(1) != spec.data_size)
            throw ValueError(error_text("X", describe(values), std::to_string(spec.data_size) + " features"));
        a.raw.start = ds::data<Index>(start);
        a.raw.length = ds::data<Index>(length);
        const Index steps = values.shape(0);
        for (Index i = 0; i < n; ++i) {
            const Index from = a.raw.start[i], count = a.raw.length[i];
            if (count < 1 || count > spec.steps || from < 0 || from > steps - count)
                throw ValueError(error_text("X",
                                            "start " + std::to_string(from) + " and length " +
                                                std::to_string(count) + " in sequence " + std::to_string(i),
                                            "1 to " + std::to_string(spec.steps) +
                                                " steps, within the array's " + std::to_string(steps)));
        }
        if (spec.texts()) {
            a.raw.tokens = ds::data<Index>(values);
            for (Index i = 0; i < n; ++i)  // gaps between sequences are not read
                for (Index t = 0; t < a.raw.length[i]; ++t) {
                    const Index token = a.raw.tokens[a.raw.start[i] + t];
                    if (token < 0 || token >= spec.vocabulary)
                        throw ValueError(
                            error_text("X", std::to_string(token) + " in sequence " + std::to_string(i),
                                       "tokens 0 to " + std::to_string(spec.vocabulary - 1)));
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
        const FitOptions o = fit_options_from_dict(options);
        begin_fit(sequences_of(x, starts, lengths, y), Arrays{}, &Arrays::raw, o);
    }

    py::array sample_sequences(Index n, const py::object& y, const py::array& lengths, std::uint64_t seed,
                               Index first) {
        const GenSpec& spec = core->spec();
        if (!spec.sequences())
            throw ValueError(error_text("lengths", "a value", "none, as this model is of rows"));
        check_count(n, first);
        const py::array length = require<Index>(lengths, 1, "lengths");
        const auto* steps = ds::data<Index>(length);
        if (length.shape(0) != n)
            throw ValueError(
                error_text("lengths", describe(length), std::to_string(n) + ", one for each sequence"));
        for (Index i = 0; i < n; ++i)
            if (steps[i] < 1 || steps[i] > spec.steps)
                throw ValueError(error_text("lengths",
                                            std::to_string(steps[i]) + " in sequence " + std::to_string(i),
                                            "1 to " + std::to_string(spec.steps) + " steps"));
        const std::int64_t* labels = labels_of(spec, y, n);
        py::array out = spec.texts()
                            ? py::array(py::dtype::of<Index>(), std::vector<py::ssize_t>{n, spec.steps})
                            : py::array(dtype(), std::vector<py::ssize_t>{n, spec.steps, spec.data_size});
        void* target = out.mutable_data();
        read_only([&](InterruptPoll* poll) {
            return core->sample_sequences(target, labels, steps, seed, first, n, poll);
        });
        return out;
    }

    py::array sequence_scores(const py::object& x, const py::object& starts, const py::object& lengths,
                              const py::object& y) {
        const Arrays rows = sequences_of(x, starts, lengths, y);
        check_multiple(core->spec(), rows.raw.rows);
        py::array out(dtype(), std::vector<py::ssize_t>{rows.raw.rows});
        void* target = out.mutable_data();
        read_only([&](InterruptPoll* poll) { return core->scores(target, rows.raw, poll); });
        return out;
    }

    void begin(const py::object& x, const py::object& y, const py::dict& options) {
        const FitOptions o = fit_options_from_dict(options);
        begin_fit(rows_of(x, y), Arrays{}, &Arrays::raw, o);
    }

    py::array sample(Index n, const py::object& y, std::uint64_t seed, Index first) {
        const GenSpec& spec = core->spec();
        if (spec.sequences())
            throw ValueError(error_text("lengths", "none", "a length for each sequence of this model"));
        check_count(n, first);
        const std::int64_t* labels = labels_of(spec, y, n);
        py::array out(dtype(), std::vector<py::ssize_t>{n, spec.data_size});
        void* target = out.mutable_data();
        read_only([&](InterruptPoll* poll) { return core->sample(target, labels, seed, first, n, poll); });
        return out;
    }

    py::array scores(const py::object& x, const py::object& y) {
        const Arrays rows = rows_of(x, y);
        check_multiple(core->spec(), rows.raw.rows);
        py::array out(dtype(), std::vector<py::ssize_t>{rows.raw.rows / core->spec().pac});
        void* target = out.mutable_data();
        read_only([&](InterruptPoll* poll) { return core->scores(target, rows.raw, poll); });
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
    py::class_<BoundGen> c(m, "GenCore", "The engine of deepseek.Gen.");
    c.def(py::init<const py::dict&>(), py::arg("spec"))
        .def(
            "spec", [](const BoundGen& g) { return spec_to_dict(g.core->spec()); },
            "Return the specification, with all defaults.")
        .def("begin", &BoundGen::begin, py::arg("X"), py::arg("y"), py::arg("options"),
             "Start or resume a fit on these arrays, which are read in place.")
        .def("begin", &BoundGen::begin_sequences, py::arg("X"), py::arg("starts"), py::arg("lengths"),
             py::arg("y"), py::arg("options"),
             "Start or resume a fit on packed sequences, which are read in place.")
        .def("sample", &BoundGen::sample_sequences, py::arg("n"), py::arg("y"), py::arg("lengths"),
             py::arg("seed"), py::arg("first") = 0,
             "Return n sequences of some lengths: (n, length, data), or tokens (n, length).")
        .def("scores", &BoundGen::sequence_scores, py::arg("X"), py::arg("starts"), py::arg("lengths"),
             py::arg("y"), "Return the discriminator's scores of packed sequences, one for each.")
        .def("sample", &BoundGen::sample, py::arg("n"), py::arg("y"), py::arg("seed"), py::arg("first") = 0,
             "Return samples `first` to `first` + n - 1 of a seed.")
        .def("scores", &BoundGen::scores, py::arg("X"), py::arg("y"),
             "Return the discriminator's scores, one for each pac rows.")
        .def("keep_best", &BoundGen::keep_best,
             "Copy all parameters as the best weights, which the state includes.")
        .def("restore_best", &BoundGen::restore_best,
             "Restore the weights of keep_best(); return False if there are none.");
    bind_model<BoundGen>(c);
}

}  // namespace ds
