// What adversaries are: two players, each trained in its own way, and the game between them. Players of rows are dense
// layers, players of sequences have a recurrent stack below them. docs/gen.md has the mathematics.
#pragma once
#include <vector>

#include "kernels/gan_table.h"
#include "layers/output_blocks.h"
#include "train/adaptation.h"
#include "train/spec.h"
#include "train/stack_spec.h"

namespace ds {

// Where the discriminator's gradient by its inputs is held small: training rows, generated ones, both, or rows between.
enum class Penalty { kNone, kR1, kR2, kR1R2, kInterpolated };
inline constexpr const char* kPenaltyNames[] = {"none", "r1", "r2", "r1r2", "interpolated"};

struct PlayerSpec : ModelSpec {
    StackSpec stack;  // of sequences
    double input_dropout = 0.0;
    Index steps =
        1;  // the generator's: updates a turn; the discriminator's: updates until a turn of the generator
};

struct GenSpec {
    bool is_double = false;
    std::uint64_t seed = 0;
    int threads = 0;
    Index data = 0;         // columns of a row, or of a step; texts: the vocabulary
    Index length = 0;       // the most steps of a sequence; 0: rows
    Index vocabulary = 0;   // texts: tokens are 0 … vocabulary - 1
    Index stop = -1;        // texts: the token that ends one and fills it up; -1: none
    Index step_latent = 0;  // sequences: latent numbers drawn anew at every step
    Index latent = 32;
    Index classes = 0;                // 0: without labels
    Index embedding = 0;              // width of a label's, beside the latent numbers
    std::vector<OutputSpec> outputs;  // none: the generator's last layer has the activation
    GanLoss loss = GanLoss::kRelativistic;
    Penalty penalty = Penalty::kNone;
    double penalty_weight = 1.0;
    Index penalty_every = 1;  // updates of the discriminator; the penalty is as many times as strong
    double average = 0.999;   // decay of the generator's moving average; 0: none
    double noise = 0.0;       // deviation
    Index noise_epochs = 0;   // until it is 0; 0: it stays
    AugmentSpec augment;
    PlayerSpec generator, discriminator;
    ModelSpec pupil;  // texts: how the generator is taught the likelihood
    bool spectral = false;
    Index group = 0;  // rows whose deviation is one more feature; 0: none
    Index pack = 1;   // rows that are judged together

    bool sequences() const { return length > 0; }
    bool texts() const { return vocabulary > 0; }
    Index together() const { return pack * (group > 0 ? group : 1); }  // a batch is a multiple of it
    bool corrupts() const { return noise > 0.0 || augment.target > 0.0; }
    // Gives the players what follows from the whole.
    void hand_down();
};

// The rows at which a penalty is taken: kinds `first` to `stop` of training, generated and mixed rows.
struct PenaltyPoints {
    Index first = 0, stop = 0;
};
PenaltyPoints points_of(Penalty penalty);

void check(const GenSpec& spec);

}  // namespace ds
