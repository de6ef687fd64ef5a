// Net for a caller that knows no templates: one class over both precisions, one lock. Predictions share the
// lock; anything that writes holds it alone, a training block at a time, so other threads get in between
// blocks.
#pragma once
#include <cstdint>
#include <memory>
#include <shared_mutex>

#include "train/trainer.h"

namespace ds {

// The caller's arrays as they come: T is the core's precision.
struct RawDataset {
    const void* x = nullptr;
    Index rows = 0;
    const void* target = nullptr;
    const std::int64_t* label = nullptr;
    const void* weight = nullptr;
};

// The slabs that a checkpoint holds, each a tensor a parameter.
enum class Slab { kParameters, kFirstMoment, kSecondMoment, kBest };

class NetCore {
public:
    // Throws ValueError when the specification cannot be, std::bad_alloc when it does not fit.
    static std::unique_ptr<NetCore> make(const NetSpec& spec);
    virtual ~NetCore() = default;

    virtual const NetSpec& spec() const = 0;
    virtual const ParameterTable& table() const = 0;

    // PyTorch's layout; has() tells whether the slab exists now. write() of kBest makes it.
    virtual bool has(Slab slab) const = 0;
    virtual void read(Slab slab, Index parameter, void* out) const = 0;
    virtual void write(Slab slab, Index parameter, const void* values) = 0;
    virtual void parameters_written() = 0;
    virtual void drop_best() = 0;
    virtual Cursor& cursor() = 0;
    virtual void reset(std::uint64_t seed) = 0;

    virtual void begin(const RawDataset& data, const RawDataset& validation, const FitOptions& options) = 0;
    virtual Block run(Index max_epochs, double budget_seconds, Poll* poll) = 0;
    virtual void end() = 0;
    virtual bool running() const = 0;
    virtual Index steps_per_epoch() const = 0;

    // False: cancelled by the poll.
    virtual bool predict(const void* x, Index rows, void* y, Poll* poll) = 0;
    virtual bool evaluate(const RawDataset& data, double& loss, Poll* poll) = 0;

    std::shared_mutex& lock() { return lock_; }

private:
    std::shared_mutex lock_;
};

}  // namespace ds
