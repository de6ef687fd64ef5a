// Table of the random streams. Philox (philox.h) is keyed by the seed, and its counter is
//
//   (index, step, epoch, purpose | stream << 8)
//
// Two numbers of a model are independent if their purpose, stream, epoch, step or index differs. (Initial
// values and shuffling have no step; there the second word is the high half of the index.)
// python/deepseek/_rng_streams.py is the same table; tests/codebase/test_rng_streams.py compares the two.
#pragma once
#include <cstdint>

#include "core/types.h"

namespace ds {

// The use of a random number. Python alone draws those of kDataSplit, kText and kColumn.
enum class RngPurpose : std::uint32_t {
    kInit = 0,     // initial values of parameters
    kShuffle = 1,  // order of the rows in an epoch
    kDropout = 2,
    kDataSplit = 3,  // split into training and test rows
    kText = 4,       // tokens of generated texts
    kLatent = 5,     // latent numbers of a generator
    kMix = 6,        // points of the gradient penalty between real and generated rows
    kNoise = 7,      // instance noise
    kAugment = 8,
    kGumbel = 9,
    kColumn = 10  // values of a table's column within their interval; the stream is the column
};

// The last word of the counter.
constexpr std::uint32_t stream_word(RngPurpose purpose, std::uint32_t stream) {
    return static_cast<std::uint32_t>(purpose) | stream << 8;
}

namespace rng_streams {

// Dense layer i draws its initial values from stream i, and drops its outputs from kLayerDropout + i.
inline constexpr Index kInputDropout = 0;
inline constexpr Index kLayerDropout = 1;

// Initial values of a periodic embedding of the inputs.
inline constexpr Index kFrequency = 4080;
inline constexpr Index kPhase = 4081;
inline constexpr Index kPeriodicWeight = 4082;

// A recurrent stack. Dropout on the inputs of recurrent layer l, and behind the last one, draws from stream
// l; the dense layers of the head drop from kHeadDropout + i.
inline constexpr Index kHeadDropout = 64;
inline constexpr Index kRecurrentDropout = 128;
inline constexpr Index kTokenEmbedding = 4095;
inline constexpr Index kRecurrentInit = 4096;
// Recurrent weights take a stream a gate, so that each gate is initialised as a matrix of its own.
inline constexpr Index kGateStreams = 4;
constexpr Index recurrent_init(Index layer, Index direction, Index matrix, Index gate) {
    return kRecurrentInit + ((layer * 2 + direction) * 2 + matrix) * kGateStreams + gate;
}
constexpr Index recurrent_dropout(Index layer, Index direction) {
    return kRecurrentDropout + 2 * layer + direction;
}

// GANs. The generator's streams are those of any model. The discriminator's begin at kDiscriminator, those of
// its recurrent stack at kDiscriminatorStack, and its i-th matrix with a spectral norm has kSingularVector +
// i.
inline constexpr Index kLabelEmbedding = 511;
inline constexpr Index kDiscriminator = 1024;
inline constexpr Index kSingularVector = 1536;
inline constexpr Index kDiscriminatorStack = 8192;

// Latent numbers of a whole row or sequence, then of step t: kStepLatent + t. The drawn lengths follow the
// last step's.
inline constexpr std::uint32_t kRowLatent = 0;
inline constexpr std::uint32_t kStepLatent = 1;

// Augmentation: the choice of transforms, then their sizes at step t: kAugmentSize + t.
inline constexpr std::uint32_t kAugmentChoice = 0;
inline constexpr std::uint32_t kAugmentSize = 1;

// The epoch in which samples are drawn. Training never reaches it.
inline constexpr std::uint32_t kSampleEpoch = 0xffffffff;

}  // namespace rng_streams

}  // namespace ds
