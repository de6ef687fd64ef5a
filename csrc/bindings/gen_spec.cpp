// The specification of adversaries as a Python dict, both ways (docs/gen.md has its keys).
#include "bindings/spec.h"
#include "bindings/spec_parts.h"

namespace ds {
namespace {

constexpr const char* kGumbel = "gumbel";

OutputSpec block_from_dict(const py::dict& dict, std::size_t index) {
    Reader r(dict, "outputs[" + std::to_string(index) + "].");
    OutputSpec block;
    std::string name = "identity";
    r.get("activation", name);
    block.gumbel = name == kGumbel;
    if (!block.gumbel) block.activation = parse_name<Activation>("activation", name, kActivationNames);
    r.get("units", block.units);
    r.get("alpha", block.alpha);
    r.get("temperature", block.temperature);
    r.get("hard", block.hard);
    r.finish();
    return block;
}

py::dict block_to_dict(const OutputSpec& block) {
    return py::dict(py::arg("activation") = block.gumbel ? kGumbel : to_string(block.activation),
                    py::arg("units") = block.units, py::arg("alpha") = block.alpha,
                    py::arg("temperature") = block.temperature, py::arg("hard") = block.hard);
}

void read_training(const py::dict& dict, ModelSpec& spec, const char* place) {
    Reader r(dict, place);
    py::dict optimizer, schedule;
    r.get("optimizer", optimizer);
    read_optimizer(optimizer, spec.optimizer);
    r.get("schedule", schedule);
    read_schedule(schedule, spec.schedule);
    r.finish();
}

void read_player(Reader& r, PlayerSpec& player) {
    py::dict optimizer, schedule;
    read_stack(r, player.stack);
    r.get("tokens", player.stack.embedding);
    player.input_dropout = player.stack.input_dropout;
    read_layers(r, player.layers);
    r.get("optimizer", optimizer);
    read_optimizer(optimizer, player.optimizer);
    r.get("schedule", schedule);
    read_schedule(schedule, player.schedule);
    r.get("steps", player.steps);
}

py::dict player_to_dict(const PlayerSpec& player) {
    return py::dict(py::arg("layers") = layers_to_list(player.layers),
                    py::arg("input_dropout") = player.input_dropout,
                    py::arg("optimizer") = optimizer_to_dict(player.optimizer),
                    py::arg("schedule") = schedule_to_dict(player.schedule), py::arg("steps") = player.steps);
}

void read_penalty(const py::dict& dict, GenSpec& spec) {
    Reader r(dict, "penalty.");
    r.choose("name", spec.penalty,
             [](const auto& n) { return parse_name<Penalty>("penalty", n, kPenaltyNames); });
    r.get("weight", spec.penalty_weight);
    r.get("every", spec.penalty_every);
    r.finish();
}

void read_noise(const py::dict& dict, GenSpec& spec) {
    Reader r(dict, "noise.");
    r.get("deviation", spec.noise);
    r.get("epochs", spec.noise_epochs);
    r.finish();
}

void read_augment(const py::dict& dict, AugmentSpec& a) {
    Reader r(dict, "augment.");
    r.get("target", a.target);
    r.get("every", a.every);
    r.get("rows", a.rows);
    r.get("limit", a.limit);
    r.get("scale", a.scale);
    r.get("cutout", a.cutout);
    r.get("jitter", a.jitter);
    r.finish();
}

// A dict inside another, read by `read`.
template <class Read>
void within(Reader& r, const char* key, const Read& read) {
    py::dict dict;
    r.get(key, dict);
    read(dict);
}

}  // namespace

GenSpec gen_spec_from_dict(const py::dict& dict) {
    GenSpec spec;
    Reader r(dict, "");
    spec.is_double = reads_double(r);
    r.get("seed", spec.seed);
    r.get("threads", spec.threads);
    r.get("data", spec.data);
    r.get("latent", spec.latent);
    r.get("classes", spec.classes);
    r.get("embedding", spec.embedding);
    r.get("length", spec.length);
    r.get("vocabulary", spec.vocabulary);
    r.get("stop", spec.stop);
    r.get("step_latent", spec.step_latent);
    within(r, "pretrain", [&](const py::dict& d) { read_training(d, spec.pupil, "pretrain."); });
    py::list outputs;
    r.get("outputs", outputs);
    for (std::size_t i = 0; i < outputs.size(); ++i)
        spec.outputs.push_back(block_from_dict(py::cast<py::dict>(outputs[i]), i));
    within(r, "loss", [&](const py::dict& d) {
        Reader loss(d, "loss.");
        loss.choose("name", spec.loss,
                    [](const auto& n) { return parse_name<GanLoss>("loss", n, kGanLossNames); });
        loss.finish();
    });
    within(r, "penalty", [&](const py::dict& d) { read_penalty(d, spec); });
    r.get("average", spec.average);
    within(r, "noise", [&](const py::dict& d) { read_noise(d, spec); });
    within(r, "augment", [&](const py::dict& d) { read_augment(d, spec.augment); });
    within(r, "generator", [&](const py::dict& d) {
        Reader player(d, "generator.");
        read_player(player, spec.generator);
        player.finish();
    });
    within(r, "discriminator", [&](const py::dict& d) {
        Reader player(d, "discriminator.");
        read_player(player, spec.discriminator);
        player.get("spectral", spec.spectral);
        player.get("group", spec.group);
        player.get("pack", spec.pack);
        read_pooling(player, spec.discriminator.stack.output);
        player.finish();
    });
    r.finish();
    spec.hand_down();
    check(spec);
    return spec;
}

py::dict spec_to_dict(const GenSpec& spec) {
    py::list outputs;
    for (const OutputSpec& block : spec.outputs) outputs.append(block_to_dict(block));
    py::dict discriminator = player_to_dict(spec.discriminator);
    discriminator["spectral"] = spec.spectral;
    discriminator["group"] = spec.group;
    discriminator["pack"] = spec.pack;
    py::dict generator = player_to_dict(spec.generator);
    if (spec.sequences()) {
        stack_to_dict(spec.generator.stack, generator);
        stack_to_dict(spec.discriminator.stack, discriminator);
        generator["tokens"] = spec.generator.stack.embedding;
        discriminator["tokens"] = spec.discriminator.stack.embedding;
        discriminator["output"] = kOutputNames[static_cast<int>(spec.discriminator.stack.output)];
    }
    const AugmentSpec& a = spec.augment;
    py::dict whole(
        py::arg("dtype") = dtype_name(spec.is_double), py::arg("seed") = spec.seed,
        py::arg("threads") = spec.threads, py::arg("data") = spec.data, py::arg("latent") = spec.latent,
        py::arg("classes") = spec.classes, py::arg("embedding") = spec.embedding,
        py::arg("outputs") = outputs, py::arg("loss") = py::dict(py::arg("name") = to_string(spec.loss)),
        py::arg("penalty") =
            py::dict(py::arg("name") = kPenaltyNames[static_cast<int>(spec.penalty)],
                     py::arg("weight") = spec.penalty_weight, py::arg("every") = spec.penalty_every),
        py::arg("average") = spec.average,
        py::arg("noise") = py::dict(py::arg("deviation") = spec.noise, py::arg("epochs") = spec.noise_epochs),
        py::arg("augment") =
            py::dict(py::arg("target") = a.target, py::arg("every") = a.every, py::arg("rows") = a.rows,
                     py::arg("limit") = a.limit, py::arg("scale") = a.scale, py::arg("cutout") = a.cutout,
                     py::arg("jitter") = a.jitter),
        py::arg("generator") = generator, py::arg("discriminator") = discriminator);
    if (spec.sequences()) {
        whole["length"] = spec.length;
        whole["vocabulary"] = spec.vocabulary;
        whole["stop"] = spec.stop;
        whole["step_latent"] = spec.step_latent;
        whole["pretrain"] = py::dict(py::arg("optimizer") = optimizer_to_dict(spec.pupil.optimizer),
                                     py::arg("schedule") = schedule_to_dict(spec.pupil.schedule));
    }
    return whole;
}

}  // namespace ds
