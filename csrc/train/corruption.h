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
        for (Index i = rows.begin; i < rows.end; ++i) draw_step(backend, key, probability, i, 0, i, scratch);
    }

    // Of step t of sequence `number`, kept in a row. A sequence is scaled, cut and jittered or not as a whole.
    void draw_step(const Backend<T>& backend, RandomKey key, double probability, Index number, Index t,
                   Index row, T* scratch) {
        const double left =
            spec_.noise_epochs > 0
                ? std::max(1.0 - static_cast<double>(key.epoch) / static_cast<double>(spec_.noise_epochs),
                           0.0)
                : 1.0;
        T *factor = factor_.row(row), *added = added_.row(row);
        const Index cols = spec_.data, ld = leading_dim<T>(cols + 3);
        const auto step = static_cast<std::uint32_t>(t);
        if (spec_.noise > 0.0) {
            key.layer = step;
            backend.normal({added, ld}, Stream::kNoise, key, number, {0, 1}, cols);
            backend.gan().scaled(added, static_cast<T>(spec_.noise * left), added, cols);
        } else {
            std::fill_n(added, cols, T(0));
        }
        if (spec_.augment.target <= 0.0) {
            std::fill_n(factor, cols, T(1));
            return;
        }
        T *chance = scratch, *normal = scratch + ld;
        key.layer = 0;
        backend.uniform({chance, ld}, Stream::kAugment, key, number, {0, 1}, cols + 3);
        key.layer = 1;
        backend.normal({normal, ld}, Stream::kAugment, key, number, {0, 1}, cols + 1);
        if (t > 0) {  // the scale is that of step 0
            const T scale = normal[cols];
            key.layer = 1 + step;
            backend.normal({normal, ld}, Stream::kAugment, key, number, {0, 1}, cols + 1);
            normal[cols] = scale;
        }
        AugmentArgs<T> a;
        a.cols = cols;
        a.factor = factor;
        a.added = added;
        a.chance = chance;
        a.normal = normal;
        a.probability = static_cast<T>(probability);
        a.scale = static_cast<T>(spec_.augment.scale);
        a.cutout = static_cast<T>(spec_.augment.cutout);
        a.jitter = static_cast<T>(spec_.augment.jitter);
        backend.gan().augment(a);
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
