// Instance noise and augmentation: the discriminator sees x∘factor + shift in place of a row x, drawn anew in
// each update (docs/design/gan.md). Noise decays linearly over some epochs; GanState holds the augmentation's
// probability.
#pragma once
#include <algorithm>

#include "backend/backend.h"
#include "core/memory/arena_planner.h"
#include "gen/spec.h"

namespace ds {

template <class T>
class InputNoise {
public:
    explicit InputNoise(const GenSpec& spec) : spec_(spec) {}

    bool on() const { return spec_.has_input_noise(); }

    void allocate_buffers(ArenaPlanner& planner, Index rows) {
        if (!on()) return;
        factor_ = planner.matrix<T>(rows, spec_.data_size);
        shift_ = planner.matrix<T>(rows, spec_.data_size);
    }
    Index scratchpad_size() const { return on() ? 2 * leading_dim<T>(spec_.data_size + 3) : 0; }

    // Draws the factors and shifts of some rows. The random numbers of row i are those of index i.
    void draw_rows(const Backend<T>& backend, const RandomKey& key, double probability, Range rows,
                   T* scratchpad) {
        for (Index i = rows.begin; i < rows.end; ++i)
            draw_step(backend, key, probability, i, 0, i, scratchpad);
    }

    // Draws those of step t of sequence `number`, into row `row`. One choice to scale, cut or jitter holds
    // for the whole sequence.
    void draw_step(const Backend<T>& backend, RandomKey key, double probability, Index number, Index t,
                   Index row, T* scratchpad) {
        const double remaining = spec_.instance_noise.epochs > 0
                                     ? std::max(1.0 - static_cast<double>(key.epoch) /
                                                          static_cast<double>(spec_.instance_noise.epochs),
                                                0.0)
                                     : 1.0;
        T *factor = factor_.row(row), *shift = shift_.row(row);
        const Index cols = spec_.data_size, ld = leading_dim<T>(cols + 3);
        const auto step = static_cast<std::uint32_t>(t);
        if (spec_.instance_noise.std > 0.0) {
            key.stream = step;
            backend.normal(row_vector(shift, cols), RngPurpose::kNoise, key, number, {0, 1});
            backend.gan().scale(shift, static_cast<T>(spec_.instance_noise.std * remaining), shift, cols);
        } else {
            std::fill_n(shift, cols, T(0));
        }
        if (spec_.augmentation.target <= 0.0) {
            std::fill_n(factor, cols, T(1));
            return;
        }
        T *uniform = scratchpad, *normal = scratchpad + ld;
        key.stream = rng_streams::kAugmentChoice;
        backend.uniform(row_vector(uniform, cols + 3), RngPurpose::kAugment, key, number, {0, 1});
        key.stream = rng_streams::kAugmentSize;
        backend.normal(row_vector(normal, cols + 1), RngPurpose::kAugment, key, number, {0, 1});
        if (t > 0) {  // a sequence has one scale, drawn at step 0
            const T scale = normal[cols];
            key.stream = rng_streams::kAugmentSize + step;
            backend.normal(row_vector(normal, cols + 1), RngPurpose::kAugment, key, number, {0, 1});
            normal[cols] = scale;
        }
        AugmentArgs<T> a;
        a.cols = cols;
        a.factor = factor;
        a.shift = shift;
        a.uniform = uniform;
        a.normal = normal;
        a.probability = static_cast<T>(probability);
        a.scale = static_cast<T>(spec_.augmentation.scale);
        a.cutout = static_cast<T>(spec_.augmentation.cutout);
        a.jitter = static_cast<T>(spec_.augmentation.jitter);
        backend.gan().augment(a);
    }

    void forward(const Backend<T>& backend, T* y, const T* x, Index row) const {
        backend.gan().scale_shift(y, x, factor_.row(row), shift_.row(row), spec_.data_size);
    }
    const T* factor(Index row) const { return factor_.row(row); }

private:
    const GenSpec& spec_;
    Matrix<T> factor_, shift_;
};

}  // namespace ds
