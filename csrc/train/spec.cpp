#include "train/spec.h"

#include <cmath>

#include "core/check.h"

namespace ds {
namespace {

constexpr Index kMaxUnits = Index(1) << 31;

std::string where(std::size_t layer) { return "layers[" + std::to_string(layer) + "]."; }

void need(bool ok, const std::string& name, double value, const char* expected) {
    if (ok) return;
    std::string text = std::to_string(value);
    throw ValueError(name + ": got " + text + ", expected " + expected);
}

void need_size(Index n, const std::string& name) {
    if (n >= 1 && n <= kMaxUnits) return;
    throw ValueError(name + ": got " + std::to_string(n) + ", expected a size from 1 to " +
                     std::to_string(kMaxUnits));
}

bool positive(double x) { return x > 0.0 && std::isfinite(x); }
bool not_negative(double x) { return x >= 0.0 && std::isfinite(x); }
bool rate_like(double x) { return x >= 0.0 && x < 1.0; }

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
    if (last && (l.dropout > 0.0 || l.norm != Norm::kNone))
        throw ValueError(where(i) + ": the output layer takes neither dropout nor normalisation");
}

// A fused loss is written for one output activation; softmax and exp have only those losses.
void check_output(const ModelSpec& spec) {
    const Activation out = spec.layers.back().activation;
    const Loss loss = spec.loss.kind;
    const auto pair = [&](Loss l, Activation a) {
        if (loss == l && out != a)
            throw ValueError(std::string("output_activation: ") + to_string(l) + " needs " + to_string(a) +
                             ", got " + to_string(out));
    };
    pair(Loss::kCrossEntropy, Activation::kSoftmax);
    pair(Loss::kFocal, Activation::kSoftmax);
    pair(Loss::kBinaryCrossEntropy, Activation::kSigmoid);
    pair(Loss::kFocalBinary, Activation::kSigmoid);
    pair(Loss::kPoisson, Activation::kExp);
    if (out == Activation::kSoftmax && !spec.takes_labels())
        throw ValueError(
            std::string("output_activation: softmax goes with cross_entropy or focal, not with ") +
            to_string(loss));
    if (spec.takes_labels() && spec.outputs() < 2)
        throw ValueError(std::string("layers: ") + to_string(loss) +
                         " needs at least 2 outputs, one a class, got " + std::to_string(spec.outputs()));
}

void check_optimizer(const OptimizerSpec& o) {
    need(positive(o.rate), "rate", o.rate, "a finite number > 0");
    need(rate_like(o.momentum), "momentum", o.momentum, "a number in [0, 1)");
    need(rate_like(o.beta1), "beta1", o.beta1, "a number in [0, 1)");
    need(rate_like(o.beta2), "beta2", o.beta2, "a number in [0, 1)");
    need(rate_like(o.rho), "rho", o.rho, "a number in [0, 1)");
    need(positive(o.eps), "eps", o.eps, "a finite number > 0");
    need(not_negative(o.weight_decay), "weight_decay", o.weight_decay, "a finite number >= 0");
    need(not_negative(o.l1), "l1", o.l1, "a finite number >= 0");
    need(not_negative(o.l2), "l2", o.l2, "a finite number >= 0");
    need(not_negative(o.clip_norm), "clip_norm", o.clip_norm, "a finite number >= 0 (0: off)");
    need(not_negative(o.clip_value), "clip_value", o.clip_value, "a finite number >= 0 (0: off)");
    if (o.nesterov && o.momentum == 0.0) throw ValueError("nesterov: needs momentum > 0, got 0");
}

void check_schedule(const ScheduleSpec& s) {
    need(not_negative(s.warmup), "warmup", s.warmup,
         "a fraction of the horizon below 1, or a number of steps");
    need(s.epochs >= 0, "epochs", static_cast<double>(s.epochs), "a number of epochs >= 0 (0: those of fit)");
    need(s.every >= 1, "every", static_cast<double>(s.every), "a number of epochs >= 1");
    need(positive(s.gamma), "gamma", s.gamma, "a finite number > 0");
    need(s.final_rate >= 0.0 && s.final_rate <= 1.0, "final", s.final_rate, "a fraction in [0, 1]");
    need(s.peak >= 0.0 && s.peak <= 1.0, "peak", s.peak, "a fraction in [0, 1]");
    need(s.divisor >= 1.0 && std::isfinite(s.divisor), "div", s.divisor, "a finite number >= 1");
    need(s.patience >= 0, "patience", static_cast<double>(s.patience), "a number of epochs >= 0");
    need(s.factor > 0.0 && s.factor < 1.0, "factor", s.factor, "a number in (0, 1)");
    need(not_negative(s.min_rate), "min_rate", s.min_rate, "a finite number >= 0");
    need(not_negative(s.threshold), "threshold", s.threshold, "a finite number >= 0");
}

}  // namespace

void check_size(Index n, const char* name) { need_size(n, name); }
void check_rate(double rate, const char* name) { need(rate_like(rate), name, rate, "a rate in [0, 1)"); }

void check_model(const ModelSpec& spec) {
    if (spec.layers.empty()) throw ValueError("layers: got none, expected at least the output layer");
    if (spec.threads < 0)
        throw ValueError("threads: got " + std::to_string(spec.threads) + ", expected >= 0");
    for (std::size_t i = 0; i < spec.layers.size(); ++i) check_layer(spec, i);
    check_output(spec);
    need(positive(spec.loss.delta), "delta", spec.loss.delta, "a finite number > 0");
    need(spec.loss.quantile > 0.0 && spec.loss.quantile < 1.0, "quantile", spec.loss.quantile,
         "a number in (0, 1)");
    need(not_negative(spec.loss.gamma), "gamma", spec.loss.gamma, "a finite number >= 0");
    need(spec.loss.alpha <= 1.0, "alpha", spec.loss.alpha, "a weight in [0, 1], or below 0 for none");
    need(rate_like(spec.loss.smoothing), "smoothing", spec.loss.smoothing, "a number in [0, 1)");
    check_optimizer(spec.optimizer);
    check_schedule(spec.schedule);
}

void check(const NetSpec& spec) {
    check_size(spec.inputs, "inputs");
    check_rate(spec.input_dropout, "input_dropout");
    check_model(spec);
}

}  // namespace ds
