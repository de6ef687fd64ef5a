#include "bindings/spec.h"

#include "bindings/spec_parts.h"

namespace ds {
namespace {

constexpr const char* kNormNames[] = {"none", "batch", "layer"};
constexpr const char* kCellNames[] = {"rnn", "gru", "lstm"};
constexpr const char* kCellActivationNames[] = {"tanh", "relu", "sigmoid"};

}  // namespace

LayerSpec layer_from_dict(const py::dict& dict, std::size_t index) {
    Reader r(dict, "layers[" + std::to_string(index) + "].");
    LayerSpec l;
    r.get("units", l.units);
    r.choose("activation", l.activation,
             [](const auto& n) { return parse_name<Activation>("activation", n, kActivationNames); });
    r.get("alpha", l.alpha);
    r.get("bias", l.bias);
    r.get("dropout", l.dropout);
    r.choose("norm", l.norm, [](const auto& n) { return parse_name<Norm>("norm", n, kNormNames); });
    r.get("norm_eps", l.norm_eps);
    r.get("norm_momentum", l.norm_momentum);
    r.choose("init", l.init, [](const auto& n) { return parse_name<Init>("init", n, kInitNames); });
    r.get("init_gain", l.init_gain);
    r.finish();
    return l;
}

py::dict layer_to_dict(const LayerSpec& l) {
    return py::dict(py::arg("units") = l.units, py::arg("activation") = to_string(l.activation),
                    py::arg("alpha") = l.alpha, py::arg("bias") = l.bias, py::arg("dropout") = l.dropout,
                    py::arg("norm") = kNormNames[static_cast<int>(l.norm)], py::arg("norm_eps") = l.norm_eps,
                    py::arg("norm_momentum") = l.norm_momentum,
                    py::arg("init") = kInitNames[static_cast<int>(l.init)],
                    py::arg("init_gain") = l.init_gain);
}

namespace {

void read_loss(const py::dict& dict, ModelSpec& spec) {
    Reader r(dict, "loss.");
    LossSpec& l = spec.loss;
    r.choose("name", l.kind, [](const auto& n) { return parse_name<Loss>("loss", n, kLossNames); });
    // The focal loss has a softmax and a sigmoid form; the output activation says which.
    if (l.kind == Loss::kFocal && !spec.layers.empty() &&
        spec.layers.back().activation == Activation::kSigmoid)
        l.kind = Loss::kFocalBinary;
    r.get("delta", l.delta);
    r.get("quantile", l.quantile);
    r.get("gamma", l.gamma);
    r.get("alpha", l.alpha);
    r.get("smoothing", l.smoothing);
    r.finish();
}

py::dict loss_to_dict(const LossSpec& l) {
    const char* name = l.kind == Loss::kFocalBinary ? to_string(Loss::kFocal) : to_string(l.kind);
    return py::dict(py::arg("name") = name, py::arg("delta") = l.delta, py::arg("quantile") = l.quantile,
                    py::arg("gamma") = l.gamma, py::arg("alpha") = l.alpha,
                    py::arg("smoothing") = l.smoothing);
}

}  // namespace

void read_optimizer(const py::dict& dict, OptimizerSpec& o) {
    Reader r(dict, "optimizer.");
    r.choose("name", o.kind,
             [](const auto& n) { return parse_name<Optimizer>("optimizer", n, kOptimizerNames); });
    r.get("rate", o.rate);
    r.get("momentum", o.momentum);
    r.get("nesterov", o.nesterov);
    r.get("beta1", o.beta1);
    r.get("beta2", o.beta2);
    r.get("rho", o.rho);
    r.get("eps", o.eps);
    r.get("weight_decay", o.weight_decay);
    r.get("l1", o.l1);
    r.get("l2", o.l2);
    r.get("clip_norm", o.clip_norm);
    r.get("clip_value", o.clip_value);
    r.finish();
}

py::dict optimizer_to_dict(const OptimizerSpec& o) {
    return py::dict(py::arg("name") = kOptimizerNames[static_cast<int>(o.kind)], py::arg("rate") = o.rate,
                    py::arg("momentum") = o.momentum, py::arg("nesterov") = o.nesterov,
                    py::arg("beta1") = o.beta1, py::arg("beta2") = o.beta2, py::arg("rho") = o.rho,
                    py::arg("eps") = o.eps, py::arg("weight_decay") = o.weight_decay, py::arg("l1") = o.l1,
                    py::arg("l2") = o.l2, py::arg("clip_norm") = o.clip_norm,
                    py::arg("clip_value") = o.clip_value);
}

void read_schedule(const py::dict& dict, ScheduleSpec& s) {
    Reader r(dict, "schedule.");
    r.choose("name", s.kind, parse_schedule);
    r.get("warmup", s.warmup);
    r.get("epochs", s.epochs);
    r.get("every", s.every);
    r.get("gamma", s.gamma);
    r.get("final", s.final_rate);
    r.get("peak", s.peak);
    r.get("div", s.divisor);
    r.get("patience", s.patience);
    r.get("factor", s.factor);
    r.get("min_rate", s.min_rate);
    r.get("threshold", s.threshold);
    r.finish();
}

py::dict schedule_to_dict(const ScheduleSpec& s) {
    return py::dict(py::arg("name") = to_string(s.kind), py::arg("warmup") = s.warmup,
                    py::arg("epochs") = s.epochs, py::arg("every") = s.every, py::arg("gamma") = s.gamma,
                    py::arg("final") = s.final_rate, py::arg("peak") = s.peak, py::arg("div") = s.divisor,
                    py::arg("patience") = s.patience, py::arg("factor") = s.factor,
                    py::arg("min_rate") = s.min_rate, py::arg("threshold") = s.threshold);
}

bool reads_double(Reader& r) {
    std::string dtype = "float32";
    r.get("dtype", dtype);
    if (dtype != "float32" && dtype != "float64")
        throw ValueError("dtype: got \"" + dtype + "\", expected \"float32\" or \"float64\"");
    return dtype == "float64";
}

const char* dtype_name(bool is_double) { return is_double ? "float64" : "float32"; }

void read_layers(Reader& r, std::vector<LayerSpec>& layers) {
    py::list list;
    r.get("layers", list);
    for (std::size_t i = 0; i < list.size(); ++i)
        layers.push_back(layer_from_dict(py::cast<py::dict>(list[i]), i));
}

py::list layers_to_list(const std::vector<LayerSpec>& layers) {
    py::list list;
    for (const LayerSpec& layer : layers) list.append(layer_to_dict(layer));
    return list;
}

namespace {

// What all kinds of model have. A loss named `own` is the model's own affair.
void read_model(Reader& r, ModelSpec& spec, const char* own = nullptr) {
    py::dict loss, optimizer, schedule;
    spec.is_double = reads_double(r);
    r.get("seed", spec.seed);
    r.get("threads", spec.threads);
    read_layers(r, spec.layers);
    r.get("loss", loss);
    if (own != nullptr && loss.contains("name") && py::cast<std::string>(loss["name"]) == own)
        spec.loss.kind = Loss::kCrossEntropy;
    else
        read_loss(loss, spec);
    r.get("optimizer", optimizer);
    read_optimizer(optimizer, spec.optimizer);
    r.get("schedule", schedule);
    read_schedule(schedule, spec.schedule);
}

py::dict model_to_dict(const ModelSpec& spec) {
    return py::dict(py::arg("dtype") = dtype_name(spec.is_double), py::arg("seed") = spec.seed,
                    py::arg("threads") = spec.threads, py::arg("layers") = layers_to_list(spec.layers),
                    py::arg("loss") = loss_to_dict(spec.loss),
                    py::arg("optimizer") = optimizer_to_dict(spec.optimizer),
                    py::arg("schedule") = schedule_to_dict(spec.schedule));
}

}  // namespace

void read_stack(Reader& r, StackSpec& stack) {
    int cell = 1, activation = 0;
    std::string init = "auto";
    r.choose("cell", cell, [](const auto& n) { return parse_name<int>("cell", n, kCellNames); });
    r.choose("cell_activation", activation,
             [](const auto& n) { return parse_name<int>("cell_activation", n, kCellActivationNames); });
    stack.cell = cell == 0 ? static_cast<Cell>(activation) : cell == 1 ? Cell::kGru : Cell::kLstm;
    r.get("hidden", stack.hidden);
    r.get("bidirectional", stack.bidirectional);
    r.get("bias", stack.bias);
    r.get("input_dropout", stack.input_dropout);
    r.get("dropout", stack.dropout);
    r.get("recurrent_dropout", stack.recurrent_dropout);
    r.get("layer_norm", stack.layer_norm);
    r.get("init", init);
    stack.standard_init = init == "auto";
    if (!stack.standard_init) stack.init = parse_name<Init>("init", init, kInitNames);
}

void read_pooling(Reader& r, Output& output) {
    r.choose("output", output, [](const auto& n) { return parse_name<Output>("output", n, kOutputNames); });
}

void stack_to_dict(const StackSpec& stack, py::dict& d) {
    d["cell"] = kCellNames[stack.cell == Cell::kLstm ? 2 : stack.cell == Cell::kGru ? 1 : 0];
    d["cell_activation"] = kCellActivationNames[stack.cell < Cell::kGru ? static_cast<int>(stack.cell) : 0];
    d["hidden"] = stack.hidden;
    d["bidirectional"] = stack.bidirectional;
    d["bias"] = stack.bias;
    d["input_dropout"] = stack.input_dropout;
    d["dropout"] = stack.dropout;
    d["recurrent_dropout"] = stack.recurrent_dropout;
    d["layer_norm"] = stack.layer_norm;
    d["init"] = stack.standard_init ? "auto" : kInitNames[static_cast<int>(stack.init)];
}

NetSpec net_spec_from_dict(const py::dict& dict) {
    NetSpec spec;
    Reader r(dict, "");
    r.get("inputs", spec.inputs);
    r.get("input_dropout", spec.input_dropout);
    read_model(r, spec);
    r.finish();
    check(spec);
    return spec;
}

py::dict spec_to_dict(const NetSpec& spec) {
    py::dict d = model_to_dict(spec);
    d["inputs"] = spec.inputs;
    d["input_dropout"] = spec.input_dropout;
    return d;
}

RecSpec rec_spec_from_dict(const py::dict& dict) {
    RecSpec spec;
    Reader r(dict, "");
    read_stack(r, spec);
    read_pooling(r, spec.output);
    r.get("inputs", spec.inputs);
    r.get("vocabulary", spec.vocabulary);
    r.get("embedding", spec.embedding);
    r.get("bptt", spec.bptt);
    read_model(r, spec, spec.output == Output::kCtc ? "ctc" : nullptr);
    r.finish();
    check(spec);
    return spec;
}

py::dict spec_to_dict(const RecSpec& spec) {
    py::dict d = model_to_dict(spec);
    if (spec.output == Output::kCtc) d["loss"]["name"] = "ctc";
    stack_to_dict(spec, d);
    d["inputs"] = spec.inputs;
    d["vocabulary"] = spec.vocabulary;
    d["embedding"] = spec.embedding;
    d["output"] = kOutputNames[static_cast<int>(spec.output)];
    d["bptt"] = spec.bptt;
    return d;
}

}  // namespace ds
