// The specification of a Gen: generator and discriminator with an optimizer each, and the options of their
// training. Players of rows are dense layers; players of sequences have a recurrent stack below these.
// docs/design/gan.md has the mathematics.
#pragma once
#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "gen/adaptive_augment.h"
#include "kernels/gan/gan_table.h"
#include "layers/gan/output_blocks.h"
#include "rec/stack_spec.h"
#include "training/spec.h"

namespace ds {

inline Names names_of(GanLoss) {
    static const auto names = names_of_all(gan_losses());
    return names;
}

// The rows whose input gradient of the score is penalised: training rows, generated rows, both, or random
// interpolations of the two.
enum class Penalty { kNone, kR1, kR2, kR1R2, kInterpolated };
inline constexpr const char* kPenaltyNames[] = {"none", "r1", "r2", "r1r2", "interpolated"};
inline Names names_of(Penalty) { return kPenaltyNames; }

struct PenaltySpec {
    Penalty kind = Penalty::kNone;
    double weight = 1.0;
    Index interval = 1;  // discriminator updates between two penalties; the penalty is multiplied by it
};

template <class Field>
void visit_options(Field& field, PenaltySpec& s) {
    field("kind", s.kind);
    field("weight", s.weight);
    field("interval", s.interval);
}

struct InstanceNoiseSpec {
    double std = 0.0;  // 0: no noise
    Index epochs = 0;  // epochs of linear decay to 0; 0: constant
};

template <class Field>
void visit_options(Field& field, InstanceNoiseSpec& s) {
    field("std", s.std);
    field("epochs", s.epochs);
}

template <class Field>
void visit_options(Field& field, AugmentSpec& s) {
    field("target", s.target);
    field("interval", s.interval);
    field("rows", s.rows);
    field("limit", s.limit);
    field("scale", s.scale);
    field("cutout", s.cutout);
    field("jitter", s.jitter);
}

// A block's activation, or "gumbel".
inline constexpr auto kBlockNames = [] {
    std::array<const char*, kActivationCount + 1> names{};
    std::copy(std::begin(kActivationNames), std::end(kActivationNames), names.begin());
    names.back() = "gumbel";
    return names;
}();

template <class Field>
void visit_options(Field& field, OutputSpec& s) {
    int activation = s.gumbel ? kActivationCount : static_cast<int>(s.activation);
    field.named("activation", kBlockNames, activation);
    s.gumbel = activation == kActivationCount;
    if (!s.gumbel) s.activation = static_cast<Activation>(activation);
    field("units", s.units);
    field("alpha", s.alpha);
    field("temperature", s.temperature);
    field("hard", s.hard);
}

struct PlayerSpec : ModelSpec {
    StackSpec stack;  // of sequences
    double input_dropout = 0.0;
    Index steps = 1;  // generator: updates per turn; discriminator: updates before a turn of the generator
};

template <class Field>
void visit_player(Field& field, PlayerSpec& s, bool sequences, bool texts) {
    field("layers", s.layers);
    field("input_dropout", s.input_dropout);
    visit_training(field, s);
    if (sequences) visit_options(field, s.stack);
    if (texts) field("token_embedding_size", s.stack.embedding_size);
}

struct GenSpec {
    bool is_double = false;
    std::uint64_t seed = 0;
    int threads = 0;
    Index data_size = 0;  // columns of a row, or features per step; texts: the vocabulary
    Index latent_size = 32;
    Index classes = 0;                      // 0: without labels
    Index embedding_size = 0;               // width of a label's embedding, an input of the generator
    std::vector<OutputSpec> output_blocks;  // empty: the activation of the last layer applies
    GanLoss loss{};
    PenaltySpec penalty;
    bool spectral_norm = false;
    double ema_decay = 0.999;  // of the moving average of the generator's weights; 0: no average
    Index minibatch_std = 0;   // rows per group whose standard deviation is one more feature; 0: none
    Index pac = 1;             // rows that are scored together
    InstanceNoiseSpec instance_noise;
    AugmentSpec augmentation;
    PlayerSpec generator, discriminator;
    // Of sequences.
    Index steps = 0;             // largest number of steps; 0: rows
    Index step_latent_size = 0;  // latent variables drawn at every step
    // Of texts.
    Index vocabulary = 0;  // tokens are 0 … vocabulary - 1; 0: series
    Index eos_token = -1;  // the token that ends a text and pads it; -1: none
    ModelSpec pretrain;    // optimizer and schedule of pretraining; the rest is the generator's

    bool sequences() const { return steps > 0; }
    bool texts() const { return vocabulary > 0; }
    Index batch_multiple() const { return pac * (minibatch_std > 0 ? minibatch_std : 1); }
    bool has_input_noise() const { return instance_noise.std > 0.0 || augmentation.target > 0.0; }
    // Sets the members of players and pretraining that follow from the other members.
    void complete_players();
};

template <class Field>
void visit_options(Field& field, GenSpec& s) {
    field.named("dtype", kDtypeNames, s.is_double);
    field("seed", s.seed);
    field("threads", s.threads);
    field("data_size", s.data_size);
    field("latent_size", s.latent_size);
    field("classes", s.classes);
    field("embedding_size", s.embedding_size);
    field("output_blocks", s.output_blocks);
    field("loss", s.loss);
    field("penalty", s.penalty);
    field("spectral_norm", s.spectral_norm);
    field("ema_decay", s.ema_decay);
    field("generator_steps", s.generator.steps);
    field("discriminator_steps", s.discriminator.steps);
    field("minibatch_std", s.minibatch_std);
    field("pac", s.pac);
    field("instance_noise", s.instance_noise);
    field("augmentation", s.augmentation);
    field("steps", s.steps);
    if (s.sequences()) {
        field("step_latent_size", s.step_latent_size);
        field("vocabulary", s.vocabulary);
    }
    if (s.texts()) {
        field("eos_token", s.eos_token);
        field.group("pretrain", [&](auto& inner) { visit_training(inner, s.pretrain); });
    }
    field.group("generator",
                [&](auto& inner) { visit_player(inner, s.generator, s.sequences(), s.texts()); });
    field.group("discriminator", [&](auto& inner) {
        visit_player(inner, s.discriminator, s.sequences(), s.texts());
        if (s.sequences()) inner("pooling", s.discriminator.stack.output);
    });
}

// The kinds of rows that are penalised, `first` to `stop` - 1: 0 training, 1 generated, 2 interpolated rows.
struct PenaltyRows {
    Index first = 0, stop = 0;
};
PenaltyRows penalty_rows_of(Penalty penalty);

void check(const GenSpec& spec);

}  // namespace ds
