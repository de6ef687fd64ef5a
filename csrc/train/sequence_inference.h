// Samples and scores of adversaries on sequences, a chunk at a time, each by one worker with room of its own.
#pragma once
#include "backend/cpu.h"
#include "train/gen_inference.h"
#include "train/sequence_batch.h"

namespace ds {

template <class T>
class SequenceInference {
public:
    SequenceInference(const GenModel<T>& model, const KernelTable& kernels);

    Index chunk() const { return chunk_; }
    // Of the numbers in `range` of a call: out (n, length, data), zero behind a series' end, or tokens (n, length).
    void sample(void* out, const std::int64_t* labels, const Index* lengths, std::uint64_t seed, Index first,
                Range range, const Halt& halt) const;
    void scores(T* out, const LabelledSequences<T>& data, Range range, const Halt& halt) const;

private:
    Pass<T> pass_of(const T* params, T* scratch, const Halt& halt) const;

    const GenModel<T>& model_;
    const GenSpec& spec_;
    CpuBackend<T> backend_;
    SampledWeights<T> weights_;
    Spectral<T> seen_;
    Index chunk_;
};

}  // namespace ds
