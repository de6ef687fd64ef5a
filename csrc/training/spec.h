// What a model is, as plain numbers: the whole configuration, validated by check(). Nothing else decides its
// arithmetic. Here: what all kinds of model share, and a Net's layers.
#pragma once
#include <cstdint>
#include <vector>

#include "core/types.h"
#include "layers/periodic_embedding.h"
#include "training/options.h"
#include "training/schedule.h"

namespace ds {

enum class Norm { kNone, kBatch, kLayer };
inline constexpr const char* kNormNames[] = {"none", "batch", "layer"};
inline Names names_of(Norm) { return kNormNames; }

inline constexpr const char* kDtypeNames[] = {"float32", "float64"};

struct LayerSpec {
    Index units = 0;
    Activation activation = Activation::kIdentity;
    double alpha = 0.01;
    bool bias = true;
    double dropout = 0.0;
    Norm normalization = Norm::kNone;
    double norm_eps = 1e-5;
    double norm_momentum = 0.1;  // weight of the new batch in the running statistics
    Init initialization = Init::kGlorotUniform;
    double init_gain = 1.0;
};

template <class Field>
void visit_options(Field& field, LayerSpec& s) {
    field("units", s.units);
    field("activation", s.activation);
    field("alpha", s.alpha);
    field("bias", s.bias);
    field("dropout", s.dropout);
    field("normalization", s.normalization);
    field("norm_eps", s.norm_eps);
    field("norm_momentum", s.norm_momentum);
    field("initialization", s.initialization);
    field("init_gain", s.init_gain);
}

struct LossSpec : KindOptions<Loss> {
    bool is_ctc = false;  // a loss of Rec's own, beside which `kind` is cross_entropy
};

template <class Field>
void visit_options(Field& field, LossSpec& s) {
    static constexpr const char* kCtc[] = {"ctc"};
    int only = 0;
    if (s.is_ctc) return field.named("name", kCtc, only);
    visit_kind(field, s);
    visit_own_options(field, s);
}

struct OptimizerSpec : KindOptions<Optimizer> {
    double learning_rate = 1e-3;
    double weight_decay = 0.0;  // decoupled
    double l1 = 0.0;
    double l2 = 0.0;
    double clip_norm = 0.0;   // 0: off
    double clip_value = 0.0;  // 0: off
};

template <class Field>
void visit_options(Field& field, OptimizerSpec& s) {
    visit_kind(field, s);
    field("learning_rate", s.learning_rate);
    visit_own_options(field, s);
    field("weight_decay", s.weight_decay);
    field("l1", s.l1);
    field("l2", s.l2);
    field("clip_norm", s.clip_norm);
    field("clip_value", s.clip_value);
}

// What every kind of model has: precision, seed, and how it is trained. A model ends in dense layers, one at
// least, the last of which makes the outputs.
struct ModelSpec {
    bool is_double = false;
    std::uint64_t seed = 0;
    int threads = 0;  // 0: the process-wide number
    std::vector<LayerSpec> layers;
    LossSpec loss;
    OptimizerSpec optimizer;
    ScheduleSpec schedule;

    Index outputs() const { return layers.back().units; }
};

// How the parameters of a model, or of a player, are trained.
template <class Field>
void visit_training(Field& field, ModelSpec& s) {
    field("optimizer", s.optimizer);
    field("schedule", s.schedule);
}

template <class Field>
void visit_options(Field& field, ModelSpec& s) {
    field.named("dtype", kDtypeNames, s.is_double);
    field("seed", s.seed);
    field("threads", s.threads);
    field("layers", s.layers);
    field("loss", s.loss);
    // A loss may have one form for each output activation under one name; all have the same options.
    if (!s.layers.empty())
        s.loss.kind = find_loss(traits_of(s.loss.kind).name, to_string(s.layers.back().activation));
    visit_training(field, s);
}

struct NetSpec : ModelSpec {
    Index input_size = 0;
    double input_dropout = 0.0;
    PeriodicEmbeddingSpec numeric_embedding;
    double input_scale_rate = 0.0;  // of InputScale; 0: none
};

template <class Field>
void visit_options(Field& field, NetSpec& s) {
    visit_options(field, static_cast<ModelSpec&>(s));
    field("input_size", s.input_size);
    field("input_dropout", s.input_dropout);
    field("numeric_embedding", s.numeric_embedding);
    field("input_scale_rate", s.input_scale_rate);
}

// Throw ValueError for the first value that cannot be, which the message names.
void check(const NetSpec& spec);
void check_model(const ModelSpec& spec);
void check_size(Index n, const char* name);
void check_rate(double rate, const char* name);

}  // namespace ds
