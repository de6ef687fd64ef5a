// A fit of adversaries: a batch is a step of the discriminator, and as many of the generator as its turn has.
#pragma once
#include <algorithm>

#include "backend/cpu.h"
#include "train/course.h"
#include "train/discriminator_step.h"
#include "train/generator_step.h"
#include "train/row_batch.h"
#include "train/trainer.h"

namespace ds {

template <class T>
class GenCourse final : public Course<T> {
public:
    GenCourse(GenModel<T>& model, Trainer<T>& trainer, const KernelTable& kernels, const Dataset<T>& data,
              Index batch, int workers)
        : Course<T>(workers),
          spec_(model.spec()),
          rows_(data.rows),
          size_(batch_of(model.spec(), batch, data.rows)),
          state_(trainer.cursor().adversaries),
          backend_(kernels),
          flops_(flops_of(model, size_)),
          batch_(model, backend_, data, size_, workers),
          discriminator_(model, backend_, trainer.optimizer(0), batch_, trainer.cursor().clock, state_),
          generator_(model, backend_, trainer.optimizer(1), batch_, trainer.cursor().clock, state_) {}

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
    bool pauses_anywhere() const override { return true; }
    double step_flops() const override { return flops_; }
    Index scheduled(Index steps) const override { return steps / pieces(); }

    bool validates() const override { return false; }
    void validate(Share) override {}
    double validation_loss() const override { return 0.0; }

    void begin_run() override { batch_.spectral().refresh(); }
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
        return static_cast<double>(batch) * (4.0 * g + 10.0 * d);
    }

    const GenSpec& spec_;
    Index rows_, size_;
    AdversaryState& state_;
    CpuBackend<T> backend_;
    double flops_;
    RowBatch<T> batch_;
    DiscriminatorStep<T> discriminator_;
    GeneratorStep<T> generator_;
};

}  // namespace ds
