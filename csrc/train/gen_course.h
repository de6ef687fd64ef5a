// A fit of adversaries: a batch is a step of the discriminator, and as many of the generator as its turn has.
#pragma once
#include <algorithm>
#include <memory>

#include "backend/cpu.h"
#include "train/course.h"
#include "train/discriminator_step.h"
#include "train/generator_step.h"
#include "train/row_batch.h"
#include "train/sequence_batch.h"
#include "train/teach_step.h"
#include "train/trainer.h"

namespace ds {

template <class T>
class GenCourse final : public Course<T> {
public:
    template <class Data>
    GenCourse(GenModel<T>& model, Trainer<T>& trainer, const KernelTable& kernels, const Data& data,
              Index rows, Index batch, int workers)
        : Course<T>(workers),
          spec_(model.spec()),
          rows_(rows),
          size_(batch_of(model.spec(), batch, rows)),
          state_(trainer.cursor().adversaries),
          backend_(kernels),
          flops_(flops_of(model, size_)),
          batch_(make_batch(model, backend_, data, size_, workers)),
          discriminator_(model, backend_, trainer.optimizer(0), *batch_, trainer.cursor().clock, state_),
          generator_(model, backend_, trainer.optimizer(1), *batch_, trainer.cursor().clock, state_) {}

    Index rows() const override { return rows_; }
    Index batch() const override { return size_; }
    // Rows that fill no batch are left out: groups, packs and pairs want whole ones.
    Index batches() const override { return rows_ / size_; }
    Index pieces() const override { return 1 + spec_.generator.steps; }
    int player(Index piece) const override { return piece == 0 ? 0 : 1; }
    Step<T>& step(int player) override {
        if (player == 0) return discriminator_;
        return generator_;
    }
    double step_flops() const override { return flops_; }
    Index scheduled(Index steps) const override { return steps / pieces(); }

    bool validates() const override { return false; }
    void validate(Share, const Halt&) override {}
    double validation_loss() const override { return 0.0; }

    void begin_run() override { batch_->spectral().refresh(); }
    void report(EpochRecord& r) override {
        const double batches = static_cast<double>(std::max<Index>(state_.batches, 1));
        r.penalty = state_.penalty / batches;
        r.real_score = state_.real_score / batches;
        r.fake_score = state_.fake_score / batches;
        r.generator_loss = state_.generator_loss / static_cast<double>(std::max<Index>(state_.turns, 1));
        state_.end_epoch();
    }

    // The rows of a batch: no more than there are, whole groups of packs.
    static Index batch_of(const GenSpec& spec, Index wanted, Index rows) {
        return std::min(wanted, rows) / spec.together() * spec.together();
    }

private:
    // Of a mean step: the discriminator's over both kinds of rows, and its share of the generator's.
    static double flops_of(const GenModel<T>& model, Index batch) {
        const double g = static_cast<double>(model.part(1).size()),
                     d = static_cast<double>(model.part(0).size());
        const double steps = static_cast<double>(std::max<Index>(model.spec().length, 1));
        return static_cast<double>(batch) * steps * (4.0 * g + 10.0 * d);
    }

    static std::unique_ptr<GenBatch<T>> make_batch(GenModel<T>& model, const Backend<T>& backend,
                                                   const Dataset<T>& data, Index size, int workers) {
        return std::make_unique<RowBatch<T>>(model, backend, data, size, workers);
    }
    static std::unique_ptr<GenBatch<T>> make_batch(GenModel<T>& model, const Backend<T>& backend,
                                                   const LabelledSequences<T>& data, Index size,
                                                   int workers) {
        return std::make_unique<SequenceBatch<T>>(model, backend, data, size, workers);
    }

    const GenSpec& spec_;
    Index rows_, size_;
    AdversaryState& state_;
    CpuBackend<T> backend_;
    double flops_;
    std::unique_ptr<GenBatch<T>> batch_;
    DiscriminatorStep<T> discriminator_;
    GeneratorStep<T> generator_;
};

// The generator of texts alone, taught their likelihood; its moving average begins where that ends.
template <class T>
class TeachCourse final : public Course<T> {
public:
    TeachCourse(GenModel<T>& model, Trainer<T>& trainer, const KernelTable& kernels,
                const LabelledSequences<T>& data, Index batch, int workers)
        : Course<T>(workers),
          model_(model),
          rows_(data.x.count),
          batch_(std::min(batch, data.x.count)),
          backend_(kernels),
          step_(model, backend_, trainer.optimizer(1), data, batch_, workers) {}

    Index rows() const override { return rows_; }
    Index batch() const override { return batch_; }
    int only_player() const override { return 1; }
    Step<T>& step(int) override { return step_; }
    double step_flops() const override {
        return 6.0 * static_cast<double>(batch_ * model_.spec().length) *
               static_cast<double>(model_.part(1).size());
    }

    bool validates() const override { return false; }
    void validate(Share, const Halt&) override {}
    double validation_loss() const override { return 0.0; }

    void report(EpochRecord& r) override {
        r.rate = r.generator_rate;
        const ParameterTable& table = model_.table();
        for (const auto& [own, average] : model_.averages())
            std::copy_n(model_.params() + table[own].offset, table[own].span(),
                        model_.params() + table[average].offset);
    }

private:
    GenModel<T>& model_;
    Index rows_, batch_;
    CpuBackend<T> backend_;
    TeachStep<T> step_;
};

}  // namespace ds
