#include "training/spec.h"

#include <cmath>

#include "core/check.h"

namespace ds {
namespace {

constexpr Index kMaxUnits = Index(1) << 31;
constexpr Index kMaxFrequencies = 256;  // sums over frequencies are one chunk (kSumChunk)
constexpr Index kMaxEmbeddingWidth = 256;

std::string where(std::size_t layer) { return "layers[" + std::to_string(layer) + "]."; }

void need(bool ok, const std::string& name, double value, const char* expected) {
    if (ok) return;
    std::string text = std::to_string(value);
    throw ValueError(name + ": got " + text + "; expected " + expected);
}

void need_size(Index n, const std::string& name) {
    if (n >= 1 && n <= kMaxUnits) return;
    throw ValueError(name + ": got " + std::to_string(n) + "; expected a size from 1 to " +
                     std::to_string(kMaxUnits));
}

bool positive(double x) { return x > 0.0 && std::isfinite(x); }
bool not_negative(double x) { return x >= 0.0 && std::isfinite(x); }
bool rate_like(double x) { return x >= 0.0 && x < 1.0; }

template <class Kind>
void check_options(const KindOptions<Kind>& spec) {
    const double* values = spec.options;
    for (const OptionTraits& option : traits_of(spec.kind).options) {
        const double x = *values++;
        const auto check = [&](bool ok, const char* expected) { need(ok, option.name, x, expected); };
        switch (option.range) {
            case OptionRange::kFlag: check(x == 0.0 || x == 1.0, "0 or 1"); break;
            case OptionRange::kUnit: check(rate_like(x), "a number in [0, 1)"); break;
            case OptionRange::kOpenUnit: check(x > 0.0 && x < 1.0, "a number in (0, 1)"); break;
            case OptionRange::kPositive: check(positive(x), "a finite number > 0"); break;
            case OptionRange::kNotNegative: check(not_negative(x), "a finite number >= 0"); break;
            case OptionRange::kWeight: check(x <= 1.0, "a weight in [0, 1], or below 0 for none"); break;
        }
    }
}

void check_layer(const ModelSpec& spec, std::size_t i) {
    const LayerSpec& l = spec.layers[i];
    const bool last = i + 1 == spec.layers.size();
    need_size(l.units, where(i) + "units");
    need(rate_like(l.dropout), where(i) + "dropout", l.dropout, "a rate in [0, 1)");
    need(not_negative(l.alpha), where(i) + "alpha", l.alpha, "a finite number >= 0");
    need(positive(l.norm_eps), where(i) + "norm_eps", l.norm_eps, "a finite number > 0");
    need(l.norm_momentum > 0.0 && l.norm_momentum <= 1.0, where(i) + "norm_momentum", l.norm_momentum,
         "a number in (0, 1]");
    need(std::isfinite(l.init_gain), where(i) + "init_gain", l.init_gain, "a finite number");
    if (!last && (l.activation == Activation::kSoftmax || l.activation == Activation::kExp))
        throw ValueError(where(i) + "activation: " + to_string(l.activation) +
                         " is for the output layer only");
    if (last && (l.dropout > 0.0 || l.normalization != Norm::kNone))
        throw ValueError(where(i) + ": the output layer takes neither dropout nor normalisation");
}

// A fused loss is written for one output activation; softmax has only fused losses.
void check_output(const ModelSpec& spec) {
    const Activation out = spec.layers.back().activation;
    const LossTraits& loss = traits_of(spec.loss.kind);
    if (loss.is_fused() && std::string_view(loss.output) != to_string(out))
        throw ValueError(std::string("output_activation: ") + loss.name + " needs " + loss.output + ", got " +
                         to_string(out));
    if (out == Activation::kSoftmax && !loss.is_fused())
        throw ValueError(
            std::string("output_activation: softmax goes with cross_entropy or focal, not with ") +
            loss.name);
    if (loss.takes_labels() && spec.outputs() < 2)
        throw ValueError(std::string("layers: ") + loss.name +
                         " needs at least 2 outputs, one a class, got " + std::to_string(spec.outputs()));
}

void check_optimizer(const OptimizerSpec& o) {
    const OptimizerTraits& traits = traits_of(o.kind);
    need(positive(o.learning_rate), "learning_rate", o.learning_rate, "a finite number > 0");
    check_options(o);
    if (const char* error = traits.error ? traits.error(o.options) : nullptr) throw ValueError(error);
    need(not_negative(o.weight_decay), "weight_decay", o.weight_decay, "a finite number >= 0");
    need(not_negative(o.l1), "l1", o.l1, "a finite number >= 0");
    need(not_negative(o.l2), "l2", o.l2, "a finite number >= 0");
    need(not_negative(o.clip_norm), "clip_norm", o.clip_norm, "a finite number >= 0 (0: off)");
    need(not_negative(o.clip_value), "clip_value", o.clip_value, "a finite number >= 0 (0: off)");
}

void check_schedule(const ScheduleSpec& s) {
    need(not_negative(s.warmup), "warmup", s.warmup,
         "a fraction of the horizon below 1, or a number of steps");
    need(s.epochs >= 0, "epochs", static_cast<double>(s.epochs), "a number of epochs >= 0 (0: those of fit)");
    need(s.interval >= 1, "interval", static_cast<double>(s.interval), "a number of epochs >= 1");
    need(positive(s.decay), "decay", s.decay, "a finite number > 0");
    need(s.final_rate >= 0.0 && s.final_rate <= 1.0, "final", s.final_rate, "a fraction in [0, 1]");
    need(s.peak >= 0.0 && s.peak <= 1.0, "peak", s.peak, "a fraction in [0, 1]");
    need(s.div >= 1.0 && std::isfinite(s.div), "div", s.div, "a finite number >= 1");
    need(s.patience >= 0, "patience", static_cast<double>(s.patience), "a number of epochs >= 0");
    need(s.factor > 0.0 && s.factor < 1.0, "factor", s.factor, "a number in (0, 1)");
    need(not_negative(s.min_learning_rate), "min_learning_rate", s.min_learning_rate, "a finite number >= 0");
    need(not_negative(s.threshold), "threshold", s.threshold, "a finite number >= 0");
}

void check_embedding(const PeriodicEmbeddingSpec& s, Index inputs) {
    const std::string where = "numeric_embedding.";
    need(s.features >= 0 && s.features <= inputs, where + "features", static_cast<double>(s.features),
         "a number from 0 (off) to that of the inputs");
    need(s.frequencies >= 1 && s.frequencies <= kMaxFrequencies, where + "frequencies",
         static_cast<double>(s.frequencies), "a number from 1 to 256");
    need(s.width >= 2 && s.width <= kMaxEmbeddingWidth, where + "width", static_cast<double>(s.width),
         "a number from 2 to 256");
    need(positive(s.sigma), where + "sigma", s.sigma, "a finite number > 0");
}

}  // namespace

void check_size(Index n, const char* name) { need_size(n, name); }
void check_rate(double rate, const char* name) { need(rate_like(rate), name, rate, "a rate in [0, 1)"); }

void check_model(const ModelSpec& spec) {
    if (spec.layers.empty()) throw ValueError("layers: got none; expected at least the output layer");
    if (spec.threads < 0)
        throw ValueError("threads: got " + std::to_string(spec.threads) + "; expected >= 0");
    for (std::size_t i = 0; i < spec.layers.size(); ++i) check_layer(spec, i);
    check_output(spec);
    check_options(spec.loss);
    check_optimizer(spec.optimizer);
    check_schedule(spec.schedule);
}

void check(const NetSpec& spec) {
    check_size(spec.input_size, "input_size");
    check_rate(spec.input_dropout, "input_dropout");
    check_embedding(spec.numeric_embedding, spec.input_size);
    need(not_negative(spec.input_scale_rate), "input_scale_rate", spec.input_scale_rate,
         "a finite number >= 0 (0: no scales)");
    check_model(spec);
}

}  // namespace ds
