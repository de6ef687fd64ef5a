// What the discriminator is shown instead of a row x: x∘factor + added, drawn anew for every row it sees (docs/gen.md).
// Instance noise sinks to 0 over some epochs; augmentation follows the probability in the AdversaryState.
#pragma once
#include <algorithm>

#include "backend/backend.h"
#include "core/arena.h"
#include "train/gen_spec.h"

namespace ds {

template <class T>
class Corruption {
public:
    explicit Corruption(const GenSpec& spec) : spec_(spec) {}

    bool on() const { return spec_.corrupts(); }

    void carve(Carver& carver, Index rows) {
        if (!on()) return;
        const Index ld = leading_dim<T>(spec_.data);
        factor_ = {carver.take<T>(rows, ld), ld};
        added_ = {carver.take<T>(rows, ld), ld};
    }
    Index scratch() const { return on() ? 2 * leading_dim<T>(spec_.data + 3) : 0; }

    // Factors and added numbers of some rows; numbers of row i are those of row i.
    void draw(const Backend<T>& backend, const RandomKey& key, double probability, Range rows, T* scratch) {
        const double left =
            spec_.noise_epochs > 0
                ? std::max(1.0 - static_cast<double>(key.epoch) / static_cast<double>(spec_.noise_epochs),
                           0.0)
                : 1.0;
        if (spec_.noise > 0.0) backend.normal(added_, Stream::kNoise, key, 0, rows, spec_.data);
        const T deviation = static_cast<T>(spec_.noise * left);
        const Index ld = leading_dim<T>(spec_.data + 3);
        AugmentArgs<T> a;
        a.cols = spec_.data;
        a.chance = scratch;
        a.normal = scratch + ld;
        a.probability = static_cast<T>(probability);
        a.scale = static_cast<T>(spec_.augment.scale);
        a.cutout = static_cast<T>(spec_.augment.cutout);
        a.jitter = static_cast<T>(spec_.augment.jitter);
        RandomKey second = key;
        second.layer = 1;
        for (Index i = rows.begin; i < rows.end; ++i) {
            if (spec_.noise > 0.0)
                backend.gan().scaled(added_.row(i), deviation, added_.row(i), spec_.data);
            else
                std::fill_n(added_.row(i), spec_.data, T(0));
            if (spec_.augment.target <= 0.0) {
                std::fill_n(factor_.row(i), spec_.data, T(1));
                continue;
            }
            backend.uniform({scratch, ld}, Stream::kAugment, key, i, {0, 1}, spec_.data + 3);
            backend.normal({scratch + ld, ld}, Stream::kAugment, second, i, {0, 1}, spec_.data + 1);
            a.factor = factor_.row(i);
            a.added = added_.row(i);
            backend.gan().augment(a);
        }
    }

    void forward(const Backend<T>& backend, T* y, const T* x, Index row) const {
        backend.gan().change(y, x, factor_.row(row), added_.row(row), spec_.data);
    }
    const T* factor(Index row) const { return factor_.row(row); }

private:
    const GenSpec& spec_;
    Matrix<T> factor_, added_;
};

}  // namespace ds
