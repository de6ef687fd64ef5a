// Gen behind an interface without templates.
#pragma once
#include <memory>

#include "api/model_core.h"
#include "gen/spec.h"

namespace ds {

// The caller's rows or sequences in the core's precision, and their labels if the model has classes.
struct RawRows {
    const void* x = nullptr;  // values, or null: tokens
    const Index* tokens = nullptr;
    const Index* start = nullptr;  // of each sequence
    const Index* length = nullptr;
    Index rows = 0;  // or sequences
    const std::int64_t* label = nullptr;
};

class GenCore : public ModelCore {
public:
    // Throws ValueError if the specification is invalid, std::bad_alloc if memory is short.
    static std::unique_ptr<GenCore> make(const GenSpec& spec);

    virtual const GenSpec& spec() const = 0;
    // `validation` is unused: a GAN is evaluated by its samples, outside the core.
    virtual void begin(const RawRows& data, const RawRows& validation, const FitOptions& options) = 0;
    // Sequences with these lengths: out (n, length, data), or tokens (n, length).
    virtual bool sample_sequences(void* out, const std::int64_t* labels, const Index* lengths,
                                  std::uint64_t seed, Index first, Index n, InterruptPoll* poll) = 0;
    // Samples number first … first + n - 1 of a seed. False: the poll cancelled it.
    virtual bool sample(void* out, const std::int64_t* labels, std::uint64_t seed, Index first, Index n,
                        InterruptPoll* poll) = 0;
    virtual bool scores(void* out, const RawRows& rows, InterruptPoll* poll) = 0;
    // Copies all parameters to the trainer's best weights, and back.
    virtual void keep_best() = 0;
    virtual bool restore_best() = 0;
};

}  // namespace ds
