// The training tasks of a Gen. In adversarial training each batch is one discriminator step, followed by
// `generator.steps` generator steps. Pretraining fits the generator of texts alone, by maximum likelihood.
#pragma once
#include <algorithm>
#include <memory>

#include "gen/discriminator_step.h"
#include "gen/generator_step.h"
#include "gen/row_batch.h"
#include "gen/sequences/pretrain_step.h"
#include "gen/sequences/sequence_batch.h"
#include "training/task.h"
#include "training/trainer.h"

namespace ds {

template <class T>
class GenTask final : public TrainingTask<T> {
public:
    template <class Data>
    GenTask(GenModel<T>& model, Trainer<T>& trainer, const Device<T>& device, const Data& data, Index rows,
            Index batch, int workers)
        : TrainingTask<T>(workers),
          spec_(model.spec()),
          rows_(rows),
          batch_size_(batch_size_of(model.spec(), batch, rows)),
          state_(trainer.state().gan),
          flops_(flops_of(model, batch_size_)),
          batch_(make_batch(model, device, data, batch_size_, workers)),
          discriminator_(model, device, trainer.optimizer(Player::kDiscriminator), *batch_),
          generator_(model, device, trainer.optimizer(Player::kGenerator), *batch_,
                     trainer.state().clock[index_of(Player::kDiscriminator)]) {}

    Index rows() const override { return rows_; }
    Index batch() const override { return batch_size_; }
    // The last, incomplete batch of an epoch is dropped: groups and pac need whole ones.
    Index batches() const override { return rows_ / batch_size_; }
    Index micro_steps() const override { return 1 + spec_.generator.steps; }
    Player player(Index micro_step) const override {
        return micro_step == 0 ? Player::kDiscriminator : Player::kGenerator;
    }
    Step<T>& step(Player player) override {
        if (player == Player::kDiscriminator) return discriminator_;
        return generator_;
    }
    double step_flops() const override { return flops_; }
    Index schedule_step(Index steps) const override { return steps / micro_steps(); }

    bool validates() const override { return false; }
    void validate(Share, const StopToken&) override {}
    double validation_loss() const override { return 0.0; }

    void begin_run() override { batch_->spectral_norm().refresh(); }
    void report(EpochRecord& r) override {
        const double batches = static_cast<double>(std::max<Index>(state_.batches, 1));
        r.penalty = state_.penalty / batches;
        r.real_score = state_.real_score / batches;
        r.fake_score = state_.fake_score / batches;
        r.generator_loss =
            state_.generator_loss / static_cast<double>(std::max<Index>(state_.generator_updates, 1));
        state_.end_epoch();
    }

    // Batch size: at most the number of rows, a multiple of spec.batch_multiple().
    static Index batch_size_of(const GenSpec& spec, Index requested, Index rows) {
        return std::min(requested, rows) / spec.batch_multiple() * spec.batch_multiple();
    }

private:
    // Floating-point operations of a mean step: the discriminator's on both kinds of rows, and a share of the
    // generator's.
    static double flops_of(const GenModel<T>& model, Index batch) {
        const double g = static_cast<double>(model.part(Player::kGenerator).size()),
                     d = static_cast<double>(model.part(Player::kDiscriminator).size());
        const double steps = static_cast<double>(std::max<Index>(model.spec().steps, 1));
        return static_cast<double>(batch) * steps * (4.0 * g + 10.0 * d);
    }

    static std::unique_ptr<GenBatch<T>> make_batch(GenModel<T>& model, const Device<T>& device,
                                                   const Dataset<T>& data, Index size, int workers) {
        return std::make_unique<RowBatch<T>>(model, device, data, size, workers);
    }
    static std::unique_ptr<GenBatch<T>> make_batch(GenModel<T>& model, const Device<T>& device,
                                                   const LabelledSequences<T>& data, Index size,
                                                   int workers) {
        return std::make_unique<SequenceBatch<T>>(model, device, data, size, workers);
    }

    const GenSpec& spec_;
    Index rows_, batch_size_;
    GanState& state_;
    double flops_;
    std::unique_ptr<GenBatch<T>> batch_;
    DiscriminatorStep<T> discriminator_;
    GeneratorStep<T> generator_;
};

// Maximum-likelihood pretraining of a generator of texts. The moving average starts from the pretrained
// weights.
template <class T>
class PretrainTask final : public TrainingTask<T> {
public:
    PretrainTask(GenModel<T>& model, Trainer<T>& trainer, const Device<T>& device,
                 const LabelledSequences<T>& data, Index batch, int workers)
        : TrainingTask<T>(workers),
          model_(model),
          rows_(data.x.count),
          batch_(std::min(batch, data.x.count)),
          step_(model, device, trainer.optimizer(Player::kGenerator), data, batch_, workers) {}

    Index rows() const override { return rows_; }
    Index batch() const override { return batch_; }
    Player only_player() const override { return Player::kGenerator; }
    Step<T>& step(Player) override { return step_; }
    double step_flops() const override {
        return 6.0 * static_cast<double>(batch_ * model_.spec().steps) *
               static_cast<double>(model_.part(Player::kGenerator).size());
    }

    bool validates() const override { return false; }
    void validate(Share, const StopToken&) override {}
    double validation_loss() const override { return 0.0; }

    void report(EpochRecord& r) override {
        r.learning_rate = r.generator_learning_rate;
        const ParameterTable& table = model_.table();
        for (const auto& [own, average] : model_.ema_pairs())
            model_.device().memory.copy(model_.params() + table[average].offset,
                                        model_.params() + table[own].offset, table[own].span());
    }

private:
    GenModel<T>& model_;
    Index rows_, batch_;
    PretrainStep<T> step_;
};

}  // namespace ds
