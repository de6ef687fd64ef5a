// What a model is, as plain numbers: the whole configuration, validated by check(). Nothing else decides its
// arithmetic. Here: what all kinds of model share, and a Net's layers.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/types.h"
#include "kernels/loss_table.h"
#include "kernels/optim_table.h"
#include "kernels/pointwise_table.h"
#include "train/schedule.h"

namespace ds {

enum class Norm { kNone, kBatch, kLayer };

struct LayerSpec {
    Index units = 0;
    Activation activation = Activation::kIdentity;
    double alpha = 0.01;
    bool bias = true;
    double dropout = 0.0;
    Norm norm = Norm::kNone;
    double norm_eps = 1e-5;
    double norm_momentum = 0.1;  // weight of the new batch in the running statistics
    Init init = Init::kGlorotUniform;
    double init_gain = 1.0;
};

struct LossSpec {
    Loss kind = Loss::kSquaredError;
    double delta = 1.0;      // huber
    double quantile = 0.5;   // quantile
    double gamma = 2.0;      // focal
    double alpha = -1.0;     // focal: weight of the positive class; below 0: none
    double smoothing = 0.0;  // cross_entropy
};

struct OptimizerSpec {
    Optimizer kind = Optimizer::kAdam;
    double rate = 1e-3;
    double momentum = 0.0;
    bool nesterov = false;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double rho = 0.99;
    double eps = 1e-8;
    double weight_decay = 0.0;  // decoupled
    double l1 = 0.0;
    double l2 = 0.0;
    double clip_norm = 0.0;   // 0: off
    double clip_value = 0.0;  // 0: off
};

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
    // Class indices; cross_entropy takes rows of probabilities as well, every other loss rows of values.
    bool takes_labels() const { return loss.kind == Loss::kCrossEntropy || loss.kind == Loss::kFocal; }
    bool takes_rows() const { return loss.kind != Loss::kFocal; }
};

struct NetSpec : ModelSpec {
    Index inputs = 0;
    double input_dropout = 0.0;
};

// Throw ValueError naming the first value that cannot be.
void check(const NetSpec& spec);
void check_model(const ModelSpec& spec);
void check_size(Index n, const char* name);
void check_rate(double rate, const char* name);

}  // namespace ds
