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

    // For real and generated rows, `rows` of each kind, which belong to `sequences` sequences of each kind.
    void allocate_buffers(ArenaPlanner& planner, Index rows, Index sequences) {
        if (!on()) return;
        for (Kind& kind : kinds_) {
            kind.factor = planner.matrix<T>(rows, spec_.data_size);
            kind.shift = planner.matrix<T>(rows, spec_.data_size);
            if (!augments()) continue;
            kind.uniform = planner.matrix<T>(sequences, spec_.data_size + 3);
            kind.normal = planner.matrix<T>(rows, spec_.data_size + 1);
        }
    }

    // The functions below take rows of one kind, or its sequences; a row of its own is a sequence. Random
    // numbers are those of the index of a sequence and its step.
    //
    // Draws whether to scale, cut and jitter some sequences, and the columns to cut.
    void draw_choices(const Backend<T>& backend, Index kind, Draw draw, Range sequences) {
        if (!augments()) return;
        draw.key.stream = rng_streams::kAugmentChoice;
        backend.uniform(kinds_[kind].uniform, RngPurpose::kAugment, draw, sequences);
    }

    // Draws the noise of some rows, and the sizes of their augmentation.
    void draw_sizes(const Backend<T>& backend, Index kind, Draw draw, Range rows) {
        const Kind& k = kinds_[kind];
        if (spec_.instance_noise.std > 0.0) {
            const double remaining =
                spec_.instance_noise.epochs > 0
                    ? std::max(1.0 - static_cast<double>(draw.key.epoch) /
                                         static_cast<double>(spec_.instance_noise.epochs),
                               0.0)
                    : 1.0;
            draw.key.stream = 0;
            backend.normal(k.shift, RngPurpose::kNoise, draw, rows);
            backend.scale(k.shift, static_cast<T>(spec_.instance_noise.std * remaining), k.shift, rows);
        } else {
            backend.fill(k.shift, T(0), rows);
        }
        if (!augments()) return backend.fill(k.factor, T(1), rows);
        draw.key.stream = rng_streams::kAugmentSize;
        backend.normal(k.normal, RngPurpose::kAugment, draw, rows);
    }

    // Adds the augmentation to some rows. `sequence`: the sequence of each row, whose first row has the same
    // number; null: rows are sequences.
    void augment(const Backend<T>& backend, Index kind, const double* probability, const Index* sequence,
                 Range rows) {
        if (!augments()) return;
        const Kind& k = kinds_[kind];
        backend.augment({.rows = rows,
                         .factor = k.factor,
                         .shift = k.shift,
                         .uniform = k.uniform,
                         .normal = k.normal,
                         .sequence = sequence,
                         .probability = probability,
                         .scale = static_cast<T>(spec_.augmentation.scale),
                         .cutout = static_cast<T>(spec_.augmentation.cutout),
                         .jitter = static_cast<T>(spec_.augmentation.jitter)});
    }

    Matrix<T> factor(Index kind) const { return kinds_[kind].factor; }
    Matrix<T> shift(Index kind) const { return kinds_[kind].shift; }

private:
    struct Kind {
        Matrix<T> factor, shift;
        Matrix<T> uniform;  // by sequence: three choices, then the cutout of each column
        Matrix<T> normal;   // by row: the jitter of each column, then the row's scale
    };
    bool augments() const { return spec_.augmentation.target > 0.0; }

    const GenSpec& spec_;
    Kind kinds_[2];
};

}  // namespace ds
