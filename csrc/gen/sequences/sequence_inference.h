// Samples and scores of sequence GANs, one chunk at a time. Each chunk runs on one worker with its own
// scratchpad.
#pragma once
#include "gen/inference.h"
#include "gen/sequences/sequence_batch.h"

namespace ds {

template <class T>
class SequenceInference {
public:
    SequenceInference(const GenModel<T>& model, const Device<T>& device);

    Index chunk() const { return chunk_; }
    // Both compute the sequences in `range`. sample() writes out (n, length, data), zero beyond a sequence's
    // end, or tokens (n, length).
    void sample(void* out, const std::int64_t* labels, const Index* lengths, std::uint64_t seed, Index first,
                Range range, const StopToken& stop_token) const;
    void scores(T* out, const LabelledSequences<T>& data, Range range, const StopToken& stop_token) const;

private:
    ExecContext<T> exec_of(const T* params, T* scratchpad, const StopToken& stop_token) const;

    const GenModel<T>& model_;
    const GenSpec& spec_;
    Device<T> device_;
    const Backend<T>& backend_;
    SampledWeights<T> weights_;
    SpectralNorm<T> normalized_;
    Index chunk_;
};

}  // namespace ds
