#include "train/gen_spec.h"

#include <cmath>

#include "core/check.h"

namespace ds {
namespace {

void need(bool ok, const char* name, double value, const char* expected) {
    if (!ok)
        throw ValueError(std::string(name) + ": got " + std::to_string(value) + ", expected " + expected);
}

void check_player(const PlayerSpec& player, const char* name) {
    check_rate(player.input_dropout, "input_dropout");
    if (player.steps < 1)
        throw ValueError(std::string(name) + ".steps: got " + std::to_string(player.steps) +
                         ", expected at least 1");
    if (player.schedule.kind == Schedule::kPlateau)
        throw ValueError(std::string(name) +
                         ".schedule: adversaries have no loss that a plateau could be seen in");
    check_model(player);
}

void check_outputs(const GenSpec& spec) {
    if (spec.generator.outputs() != spec.data)
        throw ValueError("generator.layers: the last has " + std::to_string(spec.generator.outputs()) +
                         " units, expected " + std::to_string(spec.data) + ", one a column of the data");
    if (spec.outputs.empty()) return;
    if (spec.generator.layers.back().activation != Activation::kIdentity)
        throw ValueError("generator.layers: with outputs by block the last layer is identity");
    Index columns = 0;
    for (const OutputSpec& block : spec.outputs) {
        check_size(block.units, "outputs.units");
        need(block.temperature > 0.0 && std::isfinite(block.temperature), "outputs.temperature",
             block.temperature, "a finite number > 0");
        need(block.alpha >= 0.0 && std::isfinite(block.alpha), "outputs.alpha", block.alpha,
             "a finite number >= 0");
        if (!block.gumbel && block.activation == Activation::kSoftmax)
            throw ValueError("outputs.activation: softmax is no block's; a category is \"gumbel\"");
        columns += block.units;
    }
    if (columns != spec.data)
        throw ValueError("outputs: the blocks have " + std::to_string(columns) + " columns, expected " +
                         std::to_string(spec.data));
}

void check_stack(const StackSpec& stack, bool texts, const char* name) {
    const std::string at = std::string(name) + ".";
    if (stack.hidden.empty()) throw ValueError(at + "hidden: got none, expected at least one layer");
    for (const Index units : stack.hidden) check_size(units, "hidden");
    check_rate(stack.input_dropout, "input_dropout");
    check_rate(stack.dropout, "dropout");
    check_rate(stack.recurrent_dropout, "recurrent_dropout");
    if (texts)
        check_size(stack.embedding, "tokens");
    else if (stack.embedding != 0)
        throw ValueError(at + "tokens: needs a vocabulary");
}

void check_sequences(const GenSpec& spec) {
    check_size(spec.length, "length");
    check_stack(spec.generator.stack, spec.texts(), "generator");
    check_stack(spec.discriminator.stack, spec.texts(), "discriminator");
    if (reads_every_step(spec.discriminator.stack.output))
        throw ValueError("discriminator.output: expected last, mean or max");
    if (spec.pack != 1) throw ValueError("discriminator.pack: sequences are judged one by one, expected 1");
    if (spec.step_latent < 0 || spec.latent < 0) throw ValueError("latent: expected numbers >= 0");
    for (const PlayerSpec* player : {&spec.generator, &spec.discriminator})
        for (const LayerSpec& layer : player->layers)
            if (layer.norm == Norm::kBatch)
                throw ValueError(
                    "layers: batch normalisation over sequences is not defined here; expected none or layer");
    if (!spec.texts()) {
        if (spec.latent + spec.step_latent < 1)
            throw ValueError("latent: a time series needs some latent numbers");
        return;
    }
    if (spec.generator.stack.bidirectional)
        throw ValueError("generator.bidirectional: a text is made from its first token on");
    if (spec.outputs.size() != 1 || !spec.outputs[0].gumbel)
        throw ValueError("outputs: a text's is one gumbel block");
    if (spec.corrupts() || spec.penalty == Penalty::kInterpolated)
        throw ValueError("noise, augment, penalty: a noisy or mixed token is none");
    if (spec.stop < -1 || spec.stop >= spec.vocabulary)
        throw ValueError("stop: got " + std::to_string(spec.stop) + ", expected a token or -1");
    check_model(spec.pupil);
}

void check_corruption(const GenSpec& spec) {
    const AugmentSpec& a = spec.augment;
    need(spec.noise >= 0.0 && std::isfinite(spec.noise), "noise.deviation", spec.noise,
         "a finite number >= 0");
    need(spec.noise_epochs >= 0, "noise.epochs", static_cast<double>(spec.noise_epochs), "epochs >= 0");
    need(a.target >= 0.0 && a.target < 1.0, "augment.target", a.target, "a number in [0, 1) (0: off)");
    need(a.every >= 1, "augment.every", static_cast<double>(a.every), "updates >= 1");
    need(a.rows >= 1, "augment.rows", static_cast<double>(a.rows), "pairs of rows >= 1");
    need(a.limit >= 0.0 && a.limit <= 1.0, "augment.limit", a.limit, "a probability");
    need(a.scale >= 0.0 && std::isfinite(a.scale), "augment.scale", a.scale, "a finite number >= 0");
    need(a.cutout >= 0.0 && a.cutout <= 1.0, "augment.cutout", a.cutout, "a share of the columns");
    need(a.jitter >= 0.0 && std::isfinite(a.jitter), "augment.jitter", a.jitter, "a finite number >= 0");
}

}  // namespace

void GenSpec::hand_down() {
    for (PlayerSpec* player : {&generator, &discriminator}) {
        player->is_double = is_double;
        player->seed = seed;
        player->threads = threads;
    }
    if (!sequences()) return;
    if (texts()) data = vocabulary;
    generator.stack.output = Output::kSequence;
    generator.stack.inputs = latent + step_latent + embedding;
    generator.stack.vocabulary = texts() ? vocabulary + 1 : 0;  // and the start
    discriminator.stack.inputs = texts() ? 0 : data;
    discriminator.stack.vocabulary = vocabulary;
    const ModelSpec& taught = generator;
    const OptimizerSpec optimizer = pupil.optimizer;
    const ScheduleSpec schedule = pupil.schedule;
    pupil = taught;
    pupil.optimizer = optimizer;
    pupil.schedule = schedule;
}

PenaltyPoints points_of(Penalty penalty) {
    switch (penalty) {
        case Penalty::kR1: return {0, 1};
        case Penalty::kR2: return {1, 2};
        case Penalty::kR1R2: return {0, 2};
        case Penalty::kInterpolated: return {2, 3};
        case Penalty::kNone: break;
    }
    return {};
}

void check(const GenSpec& spec) {
    check_size(spec.data, "data");
    if (spec.sequences())
        check_sequences(spec);
    else
        check_size(spec.latent, "latent");
    if (!spec.sequences() && spec.texts()) throw ValueError("vocabulary: texts need a length");
    if (spec.classes != 0) {
        check_size(spec.classes, "classes");
        check_size(spec.embedding, "embedding");
    } else if (spec.embedding != 0) {
        throw ValueError("embedding: needs classes");
    }
    need(spec.penalty_weight > 0.0 && std::isfinite(spec.penalty_weight), "penalty.weight",
         spec.penalty_weight, "a finite number > 0");
    need(spec.penalty_every >= 1, "penalty.every", static_cast<double>(spec.penalty_every), "updates >= 1");
    need(spec.average >= 0.0 && spec.average < 1.0, "average", spec.average, "a number in [0, 1) (0: none)");
    need(spec.group >= 0 && spec.group != 1, "discriminator.group", static_cast<double>(spec.group),
         "0 (off) or at least 2 rows");
    need(spec.pack >= 1, "discriminator.pack", static_cast<double>(spec.pack), "at least 1 row");
    check_player(spec.generator, "generator");
    check_player(spec.discriminator, "discriminator");
    check_outputs(spec);
    check_corruption(spec);
    const std::vector<LayerSpec>& layers = spec.discriminator.layers;
    if (layers.back().units != 1)
        throw ValueError("discriminator.layers: the last has " + std::to_string(layers.back().units) +
                         " units, expected 1, the score");
    for (const LayerSpec& layer : layers)
        if (layer.norm == Norm::kBatch)
            throw ValueError(
                "discriminator.layers: batch normalisation would couple training rows with generated "
                "ones; expected none or layer");
}

}  // namespace ds
