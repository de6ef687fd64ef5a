// Gen for a caller that knows no templates.
#pragma once
#include <memory>

#include "api/model_core.h"
#include "train/gen_spec.h"

namespace ds {

// The caller's rows or sequences as they come, and their labels where the model has classes.
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
    // Throws ValueError when the specification cannot be, std::bad_alloc when it does not fit.
    static std::unique_ptr<GenCore> make(const GenSpec& spec);

    virtual const GenSpec& spec() const = 0;
    // `validation` is for the other kinds of model; adversaries are judged by what they make, outside.
    virtual void begin(const RawRows& data, const RawRows& validation, const FitOptions& options) = 0;
    // Sequences of some lengths: out (n, length, data), or tokens (n, length).
    virtual bool sample_sequences(void* out, const std::int64_t* labels, const Index* lengths,
                                  std::uint64_t seed, Index first, Index n, Poll* poll) = 0;
    // Rows number `first` … of a seed's samples. False: cancelled by the poll.
    virtual bool sample(void* out, const std::int64_t* labels, std::uint64_t seed, Index first, Index n,
                        Poll* poll) = 0;
    virtual bool scores(void* out, const RawRows& rows, Poll* poll) = 0;
    // Copies of all parameters, kept by the trainer, and put back.
    virtual void keep_best() = 0;
    virtual bool restore_best() = 0;
};

}  // namespace ds
