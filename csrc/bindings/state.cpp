#include "bindings/state.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "bindings/array.h"

namespace ds {
namespace {

struct NamedBuffer {
    FlatBuffer buffer;
    const char* prefix;
};
constexpr NamedBuffer kStateBuffers[] = {{FlatBuffer::kFirstMoment, "optimizer.first."},
                                         {FlatBuffer::kSecondMoment, "optimizer.second."},
                                         {FlatBuffer::kBest, "best."}};
constexpr const char* kBpttState = "bptt_state";  // (rows, width), of a fit that stopped within a batch

std::vector<py::ssize_t> shape_of(const Parameter& p) {
    if (p.is_transposed()) return {p.cols, p.rows};
    if (p.kind == ParameterKind::kEmbedding) return {p.rows, p.cols};
    return {p.cols};
}

py::dtype dtype_of(const ModelCore& core) {
    return core.training().is_double ? py::dtype::of<double>() : py::dtype::of<float>();
}

using Checked = std::vector<std::pair<Index, py::array>>;

// Validates names, types and shapes of the arrays of one flat buffer. `creates`: writing creates the buffer,
// so that every parameter needs an array even if the buffer does not exist yet.
Checked check_tensors(ModelCore& core, FlatBuffer buffer, const std::string& prefix, const py::dict& tensors,
                      bool creates = false) {
    Checked arrays;
    const auto& all = core.table().all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!creates && !core.has(buffer, static_cast<Index>(i))) continue;
        const std::string name = prefix + all[i].name;
        if (!tensors.contains(name.c_str()))
            throw ValueError(error_text(name, "no array", "one for every parameter of this model"));
        const py::object given = tensors[name.c_str()];
        const auto shape = shape_of(all[i]);
        const int ndim = static_cast<int>(shape.size());
        const py::array a = core.training().is_double ? require<double>(given, ndim, name.c_str())
                                                      : require<float>(given, ndim, name.c_str());
        if (!std::equal(shape.begin(), shape.end(), a.shape()))
            throw ValueError(error_text(name, describe(a), "shape " + shape_text(shape.data(), ndim)));
        arrays.emplace_back(static_cast<Index>(i), a);
    }
    return arrays;
}

void write(ModelCore& core, FlatBuffer buffer, const Checked& arrays, HostArray<std::byte>& scratchpad) {
    for (const auto& [index, array] : arrays) core.write(buffer, index, array.data(), scratchpad.data());
}

// Calls visit(name, number) for each number of the trainer's state.
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
    visit("learning_rate", c.learning_rate[0]);
    visit("optimizer.steps", c.clock[0].steps);
    visit("optimizer.beta1_product", c.clock[0].beta1_product);
    visit("optimizer.beta2_product", c.clock[0].beta2_product);
    visit("plateau.best", c.plateau.best);
    visit("plateau.bad_epochs", c.plateau.bad_epochs);
    visit("plateau.scale", c.plateau.scale);
    visit("plateau.started", c.plateau.started);
    visit("stopping.best", c.stopping.best);
    visit("stopping.best_epoch", c.stopping.best_epoch);
    visit("stopping.waited", c.stopping.waited);
    visit("stopping.stopped", c.stopping.stopped);
    if (core.players() == 1) return;
    visit("generator.learning_rate", c.learning_rate[1]);
    visit("generator.steps", c.clock[1].steps);
    visit("generator.beta1_product", c.clock[1].beta1_product);
    visit("generator.beta2_product", c.clock[1].beta2_product);
    visit("augment.probability", c.gan.probability);
    visit("augment.sign_sum", c.gan.sign_sum);
    visit("augment.pairs", c.gan.pairs);
    visit("augment.updates", c.gan.updates);
    visit("epoch.batches", c.gan.batches);
    visit("epoch.generator_updates", c.gan.generator_updates);
    visit("epoch.penalty", c.gan.penalty);
    visit("epoch.real_score", c.gan.real_score);
    visit("epoch.fake_score", c.gan.fake_score);
    visit("epoch.generator_loss", c.gan.generator_loss);
    if (!core.phases()) return;
    visit("phase.pretraining", c.pretraining);
    visit("phase.other_epoch", c.other_epoch);
}

void check_trainer_state(const TrainerState& c) {
    const bool ok = c.epoch >= 0 && c.step >= 0 && c.target_epoch >= 0 && c.batch_size >= 0 &&
                    c.schedule_start >= 0 && c.schedule_epochs >= 0 && c.clock[0].steps >= 0 &&
                    c.plateau.bad_epochs >= 0 && c.stopping.waited >= 0 && c.clock[1].steps >= 0 &&
                    c.gan.pairs >= 0 && c.gan.updates >= 0 && c.gan.batches >= 0 &&
                    c.gan.generator_updates >= 0 && c.other_epoch >= 0;
    if (!ok) throw ValueError(error_text("state", "a negative counter", "what get_state() returned"));
}

// The recurrent states inside an unfinished mini-batch; an empty array if there are none.
py::array check_bptt_state(const ModelCore& core, const py::dict& state) {
    if (!state.contains(kBpttState)) return {};
    const py::object given = state[kBpttState];
    const py::array a = core.training().is_double ? require<double>(given, 2, kBpttState)
                                                  : require<float>(given, 2, kBpttState);
    if (core.bptt_state_width() == 0 || a.shape(1) != core.bptt_state_width())
        throw ValueError(error_text(kBpttState, describe(a),
                                    "shape (rows, " + std::to_string(core.bptt_state_width()) + ")"));
    return a;
}

}  // namespace

py::dict read_tensors(ModelCore& core, FlatBuffer buffer, const std::string& prefix) {
    py::dict out;
    const auto& all = core.table().all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!core.has(buffer, static_cast<Index>(i))) continue;
        py::array a(dtype_of(core), shape_of(all[i]));
        core.read(buffer, static_cast<Index>(i), a.mutable_data());
        out[(prefix + all[i].name).c_str()] = std::move(a);
    }
    return out;
}

void write_params(ModelCore& core, const py::dict& tensors) {
    const Checked arrays = check_tensors(core, FlatBuffer::kParameters, "", tensors);
    if (tensors.size() != arrays.size())
        for (const auto& item : tensors) {
            const auto name = py::cast<std::string>(item.first);
            bool known = false;
            for (const Parameter& p : core.table().all()) known |= p.name == name;
            if (!known)
                throw ValueError(error_text("params", "\"" + name + "\"", "only parameters of this model"));
        }
    HostArray<std::byte> scratchpad(core.scratchpad_bytes());
    write(core, FlatBuffer::kParameters, arrays, scratchpad);
    core.parameters_written();
}

py::dict read_state(ModelCore& core) {
    py::dict out;
    for (const NamedBuffer& s : kStateBuffers) out.attr("update")(read_tensors(core, s.buffer, s.prefix));
    each_number(core.state(), core, [&](const char* name, auto& value) { out[name] = value; });
    if (const Index rows = core.bptt_state_rows(); rows > 0) {
        py::array a(dtype_of(core), std::vector<py::ssize_t>{rows, core.bptt_state_width()});
        core.read_bptt_state(a.mutable_data());
        out[kBpttState] = std::move(a);
    }
    return out;
}

void write_state(ModelCore& core, const py::dict& state) {
    if (core.running())
        throw std::runtime_error("set_state: got a model in training; expected one whose fit has ended");
    TrainerState reached;
    each_number(reached, core, [&](const char* name, auto& value) {
        if (!state.contains(name))
            throw ValueError(
                error_text("state", "no \"" + std::string(name) + "\"", "what get_state() returned"));
        value = py::cast<std::decay_t<decltype(value)>>(state[name]);
    });
    check_trainer_state(reached);
    core.enter_phase(reached.pretraining);
    const std::string first_best = kStateBuffers[2].prefix + core.table()[0].name;
    const bool has_best = state.contains(first_best.c_str());
    std::vector<Checked> buffers;
    for (const NamedBuffer& s : kStateBuffers) {
        const bool best = s.buffer == FlatBuffer::kBest;
        buffers.push_back(best && !has_best ? Checked{}
                                            : check_tensors(core, s.buffer, s.prefix, state, best));
    }
    const py::array bptt_state = check_bptt_state(core, state);
    // These may throw bad_alloc, so they come before every other change.
    HostArray<std::byte> scratchpad(core.scratchpad_bytes());
    const bool had_best = core.has(FlatBuffer::kBest, 0);
    if (has_best) core.make_best();
    try {
        core.write_bptt_state(bptt_state.data(), bptt_state.ndim() == 2 ? bptt_state.shape(0) : 0);
    } catch (...) {
        if (!had_best) core.drop_best();
        throw;
    }
    core.state() = reached;
    if (!has_best) core.drop_best();
    for (std::size_t i = 0; i < buffers.size(); ++i)
        write(core, kStateBuffers[i].buffer, buffers[i], scratchpad);
}

}  // namespace ds
