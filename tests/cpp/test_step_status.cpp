// What steps report, when it is read after several of them. A step that diverges leaves the weights, moments and
// statistics of the step before it, however many steps have followed until the host knows.
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "backend/cpu/registry.h"
#include "backend/device.h"
#include "check.h"
#include "gen/task.h"
#include "net/task.h"
#include "training/trainer.h"

using namespace ds;

namespace {

constexpr Index kRows = 44, kInputs = 3, kBatch = 4, kBadStep = 6;

NetSpec net_spec(bool normalized, double clip_norm) {
    NetSpec spec;
    spec.input_size = kInputs;
    spec.seed = 5;
    spec.threads = 1;
    LayerSpec hidden, output;
    hidden.units = 7;
    hidden.activation = Activation::kTanh;
    if (normalized) hidden.normalization = Norm::kBatch;
    output.units = 1;
    spec.layers = {hidden, output};
    spec.optimizer.clip_norm = clip_norm;
    spec.optimizer.learning_rate = 0.01;
    return spec;
}

struct Data {
    std::vector<float> x, y;

    explicit Data(float target_of_bad_step) : x(kRows * kInputs), y(kRows) {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37) % 19) / 9.0f - 1.0f;
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>((i * 23) % 17) / 8.0f - 1.0f;
        y[kBadStep * kBatch + 1] = target_of_bad_step;
    }
    Dataset<float> rows(Index count) const {
        return {.x = x.data(), .rows = count, .cols = kInputs, .target = y.data(), .target_cols = 1};
    }
};

// A Net and its trainer, in the middle of a fit.
struct Fit {
    NetModel<float> model;
    Trainer<float> trainer;

    Fit(const NetSpec& spec, Index report_interval) : model(active_device<float>(), spec), trainer(model) {
        trainer.set_report_interval(report_interval);
    }
    RunResult run(const Dataset<float>& data, bool resume = false) {
        FitOptions options;
        options.epochs = 1;
        options.batch_size = kBatch;
        options.shuffle = false;
        options.resume = resume;
        trainer.begin(std::make_unique<NetTask<float>>(model, trainer.optimizer(), active_device<float>(),
                                                       data, Dataset<float>{}, kBatch, 1),
                      options);
        const RunResult result = trainer.run(1, 60.0, nullptr);
        trainer.end();
        return result;
    }
    std::vector<float> numbers() {
        const Index n = model.table().size(), part = trainer.optimizer().part().end;
        std::vector<float> all(model.params(), model.params() + n);
        all.insert(all.end(), trainer.optimizer().first(), trainer.optimizer().first() + part);
        all.insert(all.end(), trainer.optimizer().second(), trainer.optimizer().second() + part);
        return all;
    }
};

bool same_numbers(Fit& a, Fit& b) {
    const std::vector<float> x = a.numbers(), y = b.numbers();
    return x.size() == y.size() && same_bytes(x.data(), y.data(), x.size() * sizeof(float));
}

bool same_state(Fit& a, Fit& b) {
    const TrainerState &x = a.trainer.state(), &y = b.trainer.state();
    const OptimizerClock &p = x.clock[0], &q = y.clock[0];
    return x.step == y.step && x.epoch == y.epoch && x.loss_sum == y.loss_sum &&
           x.weight_sum == y.weight_sum && x.learning_rate[0] == y.learning_rate[0] && p.steps == q.steps &&
           p.beta1_product == q.beta1_product && p.beta2_product == q.beta2_product;
}

void divergence(const NetSpec& spec, Index interval) {
    const Data good(0.25f), bad(1e30f);
    Fit fit(spec, interval), by_step(spec, 1), before(spec, 1), whole(spec, 1);
    const RunResult result = fit.run(bad.rows(kRows)), expected = by_step.run(bad.rows(kRows));
    CHECK(result.diverged && !result.finished && result.epochs.empty());
    CHECK(result.samples == kBadStep * kBatch && expected.samples == result.samples);
    CHECK(result.diverged_loss == expected.diverged_loss);
    CHECK(fit.trainer.state().step == kBadStep);
    CHECK(same_state(fit, by_step));
    before.run(good.rows(kBadStep * kBatch));  // the steps before it, as an epoch
    CHECK(same_numbers(fit, before));

    const RunResult rest = fit.run(good.rows(kRows), true), all = whole.run(good.rows(kRows));
    CHECK(rest.finished && !rest.diverged && same_numbers(fit, whole));
    CHECK(rest.epochs.size() == 1 && rest.epochs[0].loss == all.epochs[0].loss);
}

// An update that would make weights infinite counts as a step; those after it are undone.
void overflow(NetSpec spec, Index interval) {
    spec.optimizer.set_kind(Optimizer{3});
    spec.optimizer.learning_rate = 1e38;
    CHECK(std::strcmp(traits_of(spec.optimizer.kind).name, "sgd") == 0);
    const Data data(1e6f);
    Fit fit(spec, interval), by_step(spec, 1);
    const RunResult result = fit.run(data.rows(kRows)), expected = by_step.run(data.rows(kRows));
    CHECK(expected.diverged && by_step.trainer.state().step > 0);
    CHECK(result.diverged && result.diverged_loss == expected.diverged_loss);
    CHECK(result.samples == expected.samples && same_state(fit, by_step));
    const Index n = fit.model.table().size();
    CHECK(
        same_bytes(fit.model.params(), by_step.model.params(), static_cast<std::size_t>(n) * sizeof(float)));
}

// Without a divergence the interval changes nothing.
void complete(const NetSpec& spec, Index interval) {
    const Data data(0.25f);
    Fit fit(spec, interval), by_step(spec, 1);
    const RunResult result = fit.run(data.rows(kRows)), expected = by_step.run(data.rows(kRows));
    CHECK(result.finished && result.epochs[0].loss == expected.epochs[0].loss);
    CHECK(result.samples == kRows && same_numbers(fit, by_step));
}

// A GAN of rows with statistics, an average and tallies that a step that diverges must not change. At first only
// every second update of the discriminator is followed by updates of the generator.
GenSpec gen_spec(bool spectral_norm) {
    GenSpec spec;
    spec.seed = 3;
    spec.threads = 1;
    spec.data_size = kInputs;
    spec.latent_size = 2;
    spec.spectral_norm = spectral_norm;
    LayerSpec hidden, output, score;
    hidden.units = 5;
    hidden.activation = Activation::kTanh;
    score.units = 1;
    output.units = kInputs;
    spec.discriminator.layers = {hidden, score};
    spec.discriminator.steps = 2;
    hidden.normalization = Norm::kBatch;
    spec.generator.layers = {hidden, output};
    spec.generator.steps = 2;
    spec.augmentation.target = 0.2;
    spec.augmentation.rows = 50;
    if (!spectral_norm) {
        spec.penalty.kind = Penalty::kInterpolated;
        spec.penalty.weight = 1.0;
        spec.penalty.interval = 2;
    }
    spec.complete_players();
    return spec;
}

struct GenFit {
    GenModel<float> model;
    Trainer<float> trainer;

    GenFit(const GenSpec& spec, Index report_interval) : model(active_device<float>(), spec), trainer(model) {
        trainer.set_report_interval(report_interval);
    }
    RunResult run(const Data& data, bool resume = false) {
        FitOptions options;
        options.epochs = 1;
        options.batch_size = kBatch;
        options.shuffle = false;
        options.resume = resume;
        const Dataset<float> rows{.x = data.x.data(), .rows = kRows, .cols = kInputs};
        trainer.begin(
            std::make_unique<GenTask<float>>(model, trainer, active_device<float>(), rows, kRows, kBatch, 1),
            options);
        const RunResult result = trainer.run(1, 60.0, nullptr);
        trainer.end();
        return result;
    }
};

bool same_fit(GenFit& a, GenFit& b) {
    const TrainerState &x = a.trainer.state(), &y = b.trainer.state();
    const GanState &g = x.gan, &h = y.gan;
    return x.step == y.step && x.loss_sum == y.loss_sum && x.clock[0].steps == y.clock[0].steps &&
           x.clock[1].steps == y.clock[1].steps && x.clock[1].beta2_product == y.clock[1].beta2_product &&
           g.probability == h.probability && g.pairs == h.pairs && g.updates == h.updates &&
           g.batches == h.batches && g.generator_updates == h.generator_updates &&
           g.real_score == h.real_score && g.generator_loss == h.generator_loss && g.penalty == h.penalty &&
           same_bytes(a.model.params(), b.model.params(),
                      static_cast<std::size_t>(a.model.table().size()) * sizeof(float));
}

void gan_divergence(const GenSpec& spec, Index interval) {
    const Data good(0.0f);
    Data bad = good;
    bad.x[kBadStep * kBatch * kInputs + 1] = std::numeric_limits<float>::quiet_NaN();
    GenFit fit(spec, interval), by_step(spec, 1), whole(spec, interval), whole_by_step(spec, 1);
    const RunResult result = fit.run(bad), expected = by_step.run(bad);
    CHECK(result.diverged && expected.diverged && result.samples == expected.samples);
    CHECK(by_step.trainer.state().step == kBadStep * 3);  // two updates of the generator in each batch
    CHECK(by_step.trainer.state().gan.generator_updates == kBadStep);
    CHECK(same_fit(fit, by_step));

    const RunResult rest = fit.run(good, true), all = whole.run(good), all_by_step = whole_by_step.run(good);
    CHECK(rest.finished && all.finished && same_fit(fit, whole) && same_fit(whole, whole_by_step));
    CHECK(rest.epochs[0].generator_loss == all_by_step.epochs[0].generator_loss);
}

}  // namespace

int main() {
    for (const bool normalized : {false, true})
        for (const double clip_norm : {0.0, 0.5})
            for (const Index interval : {1, 2, 3, 5, 7, 100}) {
                const NetSpec spec = net_spec(normalized, clip_norm);
                divergence(spec, interval);
                complete(spec, interval);
                if (clip_norm == 0.0) overflow(spec, interval);
            }
    for (const bool spectral_norm : {false, true})
        for (const Index interval : {1, 2, 3, 5, 7, 100}) gan_divergence(gen_spec(spectral_norm), interval);
    return report();
}
