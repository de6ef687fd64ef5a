#include "gen/spec.h"

#include <cmath>

#include "core/check.h"

namespace ds {
namespace {

void need(bool ok, const char* name, double value, const char* expected) {
    if (!ok)
        throw ValueError(std::string(name) + ": got " + std::to_string(value) + "; expected " + expected);
}

void check_player(const PlayerSpec& player, const char* name) {
    check_rate(player.input_dropout, "input_dropout");
    if (player.steps < 1)
        throw ValueError(std::string(name) + "_steps: got " + std::to_string(player.steps) +
                         "; expected at least 1");
    if (player.schedule.kind == Schedule::kPlateau)
        throw ValueError(std::string(name) +
                         ".schedule: got plateau; expected another: the losses of a GAN need not fall");
    check_model(player);
}

void check_outputs(const GenSpec& spec) {
    if (spec.generator.outputs() != spec.data_size)
        throw ValueError("generator.layers: got " + std::to_string(spec.generator.outputs()) +
                         " units in the last; expected " + std::to_string(spec.data_size) +
                         ", one per column of the data");
    if (spec.output_blocks.empty()) return;
    if (spec.generator.layers.back().activation != Activation::kIdentity)
        throw ValueError("generator.layers: expected identity in the last layer, above output_blocks");
    Index columns = 0;
    for (const OutputSpec& block : spec.output_blocks) {
        check_size(block.units, "output_blocks.units");
        need(block.temperature > 0.0 && std::isfinite(block.temperature), "output_blocks.temperature",
             block.temperature, "a finite number > 0");
        need(block.alpha >= 0.0 && std::isfinite(block.alpha), "output_blocks.alpha", block.alpha,
             "a finite number >= 0");
        if (!block.gumbel && block.activation == Activation::kSoftmax)
            throw ValueError(
                "output_blocks.activation: got softmax; expected an elementwise one, or gumbel for a "
                "category");
        columns += block.units;
    }
    if (columns != spec.data_size)
        throw ValueError("output_blocks: got " + std::to_string(columns) + " columns; expected " +
                         std::to_string(spec.data_size));
}

void check_stack(const StackSpec& stack, bool texts, const char* name) {
    const std::string prefix = std::string(name) + ".";
    if (stack.hidden.empty()) throw ValueError(prefix + "hidden: got none; expected at least one layer");
    for (const Index units : stack.hidden) check_size(units, "hidden");
    check_rate(stack.input_dropout, "input_dropout");
    check_rate(stack.dropout, "dropout");
    check_rate(stack.recurrent_dropout, "recurrent_dropout");
    if (texts)
        check_size(stack.embedding_size, "token_embedding_size");
    else if (stack.embedding_size != 0)
        throw ValueError(prefix + "token_embedding_size: needs a vocabulary");
}

void check_sequences(const GenSpec& spec) {
    check_size(spec.steps, "steps");
    check_stack(spec.generator.stack, spec.texts(), "generator");
    check_stack(spec.discriminator.stack, spec.texts(), "discriminator");
    if (has_stepwise_output(spec.discriminator.stack.output))
        throw ValueError("discriminator.pooling: expected last, mean or max");
    if (spec.pac != 1) throw ValueError("pac: expected 1 for sequences, which are scored one by one");
    if (spec.step_latent_size < 0 || spec.latent_size < 0)
        throw ValueError("latent_size, step_latent_size: expected numbers >= 0");
    for (const PlayerSpec* player : {&spec.generator, &spec.discriminator})
        for (const LayerSpec& layer : player->layers)
            if (layer.normalization == Norm::kBatch)
                throw ValueError(
                    "layers: batch normalisation over sequences is not defined here; expected none or layer");
    if (!spec.texts()) {
        if (spec.latent_size + spec.step_latent_size < 1)
            throw ValueError("latent_size, step_latent_size: got 0 and 0; expected one of them above 0");
        return;
    }
    if (spec.generator.stack.bidirectional)
        throw ValueError("generator.bidirectional: got true; expected false for texts");
    if (spec.output_blocks.size() != 1 || !spec.output_blocks[0].gumbel)
        throw ValueError("output_blocks: expected one gumbel block for texts");
    if (spec.has_input_noise() || spec.penalty.kind == Penalty::kInterpolated)
        throw ValueError("instance_noise, augmentation, penalty: texts have no noisy or mixed tokens");
    if (spec.eos_token < -1 || spec.eos_token >= spec.vocabulary)
        throw ValueError("eos_token: got " + std::to_string(spec.eos_token) + "; expected a token or -1");
    check_model(spec.pretrain);
}

void check_corruption(const GenSpec& spec) {
    const AugmentSpec& a = spec.augmentation;
    need(spec.instance_noise.std >= 0.0 && std::isfinite(spec.instance_noise.std), "instance_noise.std",
         spec.instance_noise.std, "a finite number >= 0");
    need(spec.instance_noise.epochs >= 0, "instance_noise.epochs",
         static_cast<double>(spec.instance_noise.epochs), "epochs >= 0");
    need(a.target >= 0.0 && a.target < 1.0, "augmentation.target", a.target, "a number in [0, 1) (0: off)");
    need(a.interval >= 1, "augmentation.interval", static_cast<double>(a.interval), "updates >= 1");
    need(a.rows >= 1, "augmentation.rows", static_cast<double>(a.rows), "pairs of rows >= 1");
    need(a.limit >= 0.0 && a.limit <= 1.0, "augmentation.limit", a.limit, "a probability");
    need(a.scale >= 0.0 && std::isfinite(a.scale), "augmentation.scale", a.scale, "a finite number >= 0");
    need(a.cutout >= 0.0 && a.cutout <= 1.0, "augmentation.cutout", a.cutout, "a share of the columns");
    need(a.jitter >= 0.0 && std::isfinite(a.jitter), "augmentation.jitter", a.jitter, "a finite number >= 0");
}

}  // namespace

void GenSpec::complete_players() {
    for (PlayerSpec* player : {&generator, &discriminator}) {
        player->is_double = is_double;
        player->seed = seed;
        player->threads = threads;
        player->stack.input_dropout = player->input_dropout;
    }
    if (!sequences()) return;
    if (texts()) data_size = vocabulary;
    generator.stack.output = Output::kSequence;
    generator.stack.input_size = latent_size + step_latent_size + embedding_size;
    generator.stack.vocabulary = texts() ? vocabulary + 1 : 0;  // with the start token
    discriminator.stack.input_size = texts() ? 0 : data_size;
    discriminator.stack.vocabulary = vocabulary;
    const OptimizerSpec optimizer = pretrain.optimizer;
    const ScheduleSpec schedule = pretrain.schedule;
    pretrain = static_cast<const ModelSpec&>(generator);
    pretrain.optimizer = optimizer;
    pretrain.schedule = schedule;
}

PenaltyRows penalty_rows_of(Penalty penalty) {
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
    check_size(spec.data_size, "data_size");
    if (spec.sequences())
        check_sequences(spec);
    else
        check_size(spec.latent_size, "latent_size");
    if (!spec.sequences() && spec.texts()) throw ValueError("vocabulary: texts need steps");
    if (spec.classes != 0) {
        check_size(spec.classes, "classes");
        check_size(spec.embedding_size, "embedding_size");
    } else if (spec.embedding_size != 0) {
        throw ValueError("embedding_size: needs classes");
    }
    need(spec.penalty.weight > 0.0 && std::isfinite(spec.penalty.weight), "penalty.weight",
         spec.penalty.weight, "a finite number > 0");
    need(spec.penalty.interval >= 1, "penalty.interval", static_cast<double>(spec.penalty.interval),
         "updates >= 1");
    need(spec.ema_decay >= 0.0 && spec.ema_decay < 1.0, "ema_decay", spec.ema_decay,
         "a number in [0, 1) (0: none)");
    need(spec.minibatch_std >= 0 && spec.minibatch_std != 1, "minibatch_std",
         static_cast<double>(spec.minibatch_std), "0 (off) or at least 2 rows");
    need(spec.pac >= 1, "pac", static_cast<double>(spec.pac), "at least 1 row");
    check_player(spec.generator, "generator");
    check_player(spec.discriminator, "discriminator");
    check_outputs(spec);
    check_corruption(spec);
    const std::vector<LayerSpec>& layers = spec.discriminator.layers;
    if (layers.back().units != 1)
        throw ValueError("discriminator.layers: got " + std::to_string(layers.back().units) +
                         " units in the last; expected 1, the score");
    for (const LayerSpec& layer : layers)
        if (layer.normalization == Norm::kBatch)
            throw ValueError(
                "discriminator.layers: got batch normalisation, which couples training rows with generated "
                "ones; "
                "expected none or layer");
}

}  // namespace ds
