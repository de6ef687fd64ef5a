#include "bindings/state.h"

#include <utility>
#include <vector>

#include "bindings/array.h"

namespace ds {
namespace {

struct NamedSlab {
    Slab slab;
    const char* prefix;
};
constexpr NamedSlab kStateSlabs[] = {{Slab::kFirstMoment, "optimizer.first."},
                                     {Slab::kSecondMoment, "optimizer.second."},
                                     {Slab::kBest, "best."}};
constexpr const char* kCarried = "carried";  // (rows, width), where a fit stands within a batch

std::vector<py::ssize_t> shape_of(const Parameter& p) {
    if (p.turned()) return {p.cols, p.rows};
    if (p.kind == ParameterKind::kEmbedding) return {p.rows, p.cols};
    return {p.cols};
}

py::dtype dtype_of(const ModelCore& core) {
    return core.training().is_double ? py::dtype::of<double>() : py::dtype::of<float>();
}

using Checked = std::vector<std::pair<Index, py::array>>;

// The arrays of one slab, checked: names, type and shape.
// `made`: a slab that writing makes counts as there.
Checked check_tensors(ModelCore& core, Slab slab, const std::string& prefix, const py::dict& tensors,
                      bool made = false) {
    Checked arrays;
    const auto& all = core.table().all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!made && !core.has(slab, static_cast<Index>(i))) continue;
        const std::string name = prefix + all[i].name;
        if (!tensors.contains(name.c_str())) throw ValueError("\"" + name + "\" is missing");
        const py::object given = tensors[name.c_str()];
        const auto shape = shape_of(all[i]);
        const int ndim = static_cast<int>(shape.size());
        const py::array a = core.training().is_double ? require<double>(given, ndim, name.c_str())
                                                      : require<float>(given, ndim, name.c_str());
        for (int d = 0; d < ndim; ++d)
            if (a.shape(d) != shape[static_cast<std::size_t>(d)])
                throw ValueError("\"" + name + "\" has another shape than this model's: got " + describe(a));
        arrays.emplace_back(static_cast<Index>(i), a);
    }
    return arrays;
}

void write(ModelCore& core, Slab slab, const Checked& arrays) {
    for (const auto& [index, array] : arrays) core.write(slab, index, array.data());
}

// Each number of the cursor by name; `visit` reads or writes it.
template <class C, class Visit>
void each_number(C& c, const ModelCore& core, const Visit& visit) {
    visit("epoch", c.epoch);
    visit("step", c.step);
    visit("target_epoch", c.target_epoch);
    visit("batch_size", c.batch_size);
    visit("shuffle", c.shuffle);
    visit("schedule_start", c.schedule_start);
    visit("schedule_epochs", c.schedule_epochs);
    visit("loss_sum", c.loss_sum);
    visit("weight_sum", c.weight_sum);
    visit("rate", c.rate[0]);
    visit("optimizer.steps", c.clock.steps);
    visit("optimizer.beta1_power", c.clock.beta1_power);
    visit("optimizer.beta2_power", c.clock.beta2_power);
    visit("plateau.best", c.plateau.best);
    visit("plateau.bad_epochs", c.plateau.bad_epochs);
    visit("plateau.scale", c.plateau.scale);
    visit("plateau.started", c.plateau.started);
    visit("stopping.best", c.stopping.best);
    visit("stopping.best_epoch", c.stopping.best_epoch);
    visit("stopping.waited", c.stopping.waited);
    visit("stopping.stopped", c.stopping.stopped);
    if (core.players() == 1) return;
    visit("generator.rate", c.rate[1]);
    visit("generator.steps", c.second_clock.steps);
    visit("generator.beta1_power", c.second_clock.beta1_power);
    visit("generator.beta2_power", c.second_clock.beta2_power);
    visit("augment.probability", c.adversaries.probability);
    visit("augment.told", c.adversaries.told);
    visit("augment.pairs", c.adversaries.pairs);
    visit("augment.updates", c.adversaries.updates);
    visit("epoch.batches", c.adversaries.batches);
    visit("epoch.turns", c.adversaries.turns);
    visit("epoch.penalty", c.adversaries.penalty);
    visit("epoch.real_score", c.adversaries.real_score);
    visit("epoch.fake_score", c.adversaries.fake_score);
    visit("epoch.generator_loss", c.adversaries.generator_loss);
    if (!core.phases()) return;
    visit("phase.teaching", c.teaching);
    visit("phase.other_epoch", c.other_epoch);
}

void check_cursor(const Cursor& c) {
    const bool ok = c.epoch >= 0 && c.step >= 0 && c.target_epoch >= 0 && c.batch_size >= 0 &&
                    c.schedule_start >= 0 && c.schedule_epochs >= 0 && c.clock.steps >= 0 &&
                    c.plateau.bad_epochs >= 0 && c.stopping.waited >= 0 && c.second_clock.steps >= 0 &&
                    c.adversaries.pairs >= 0 && c.adversaries.updates >= 0 && c.adversaries.batches >= 0 &&
                    c.adversaries.turns >= 0 && c.other_epoch >= 0;
    if (!ok) throw ValueError("state: a counter is negative");
}

// Without rows where nothing is carried.
py::array check_carried(const ModelCore& core, const py::dict& state) {
    if (!state.contains(kCarried)) return {};
    const py::object given = state[kCarried];
    const py::array a =
        core.training().is_double ? require<double>(given, 2, kCarried) : require<float>(given, 2, kCarried);
    if (core.carried_width() == 0 || a.shape(1) != core.carried_width())
        throw ValueError("state: \"carried\" has another shape than this model's: got " + describe(a));
    return a;
}

}  // namespace

py::dict read_tensors(ModelCore& core, Slab slab, const std::string& prefix) {
    py::dict out;
    const auto& all = core.table().all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!core.has(slab, static_cast<Index>(i))) continue;
        py::array a(dtype_of(core), shape_of(all[i]));
        core.read(slab, static_cast<Index>(i), a.mutable_data());
        out[(prefix + all[i].name).c_str()] = std::move(a);
    }
    return out;
}

void write_params(ModelCore& core, const py::dict& tensors) {
    const Checked arrays = check_tensors(core, Slab::kParameters, "", tensors);
    if (tensors.size() != arrays.size())
        for (const auto& item : tensors) {
            const auto name = py::cast<std::string>(item.first);
            bool known = false;
            for (const Parameter& p : core.table().all()) known |= p.name == name;
            if (!known) throw ValueError("\"" + name + "\" is no parameter of this model");
        }
    write(core, Slab::kParameters, arrays);
    core.parameters_written();
}

py::dict read_state(ModelCore& core) {
    py::dict out;
    for (const NamedSlab& s : kStateSlabs) out.attr("update")(read_tensors(core, s.slab, s.prefix));
    each_number(core.cursor(), core, [&](const char* name, auto& value) { out[name] = value; });
    if (const Index rows = core.carried_rows(); rows > 0) {
        py::array a(dtype_of(core), std::vector<py::ssize_t>{rows, core.carried_width()});
        core.read_carried(a.mutable_data());
        out[kCarried] = std::move(a);
    }
    return out;
}

void write_state(ModelCore& core, const py::dict& state) {
    if (core.running()) throw std::runtime_error("set_state: this model is being fitted");
    Cursor cursor;
    each_number(cursor, core, [&](const char* name, auto& value) {
        if (!state.contains(name)) throw ValueError("state: \"" + std::string(name) + "\" is missing");
        value = py::cast<std::decay_t<decltype(value)>>(state[name]);
    });
    check_cursor(cursor);
    core.enter_phase(cursor.teaching);
    const std::string first_best = kStateSlabs[2].prefix + core.table()[0].name;
    const bool has_best = state.contains(first_best.c_str());
    std::vector<Checked> slabs;
    for (const NamedSlab& s : kStateSlabs) {
        const bool best = s.slab == Slab::kBest;
        slabs.push_back(best && !has_best ? Checked{} : check_tensors(core, s.slab, s.prefix, state, best));
    }
    const py::array carried = check_carried(core, state);
    core.write_carried(carried.data(), carried.ndim() == 2 ? carried.shape(0) : 0);  // may be out of memory
    core.cursor() = cursor;
    if (!has_best) core.drop_best();
    for (std::size_t i = 0; i < slabs.size(); ++i) write(core, kStateSlabs[i].slab, slabs[i]);
}

}  // namespace ds
