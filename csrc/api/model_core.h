// A model for a caller that knows no templates: what all kinds have in common, over both precisions, and the lock.
// Predictions share the lock; anything that writes holds it alone, a training block at a time, so other threads
// get in between blocks.
#pragma once
#include <cstdint>
#include <shared_mutex>

#include "train/trainer.h"

namespace ds {

// The slabs that a checkpoint holds, each a tensor a parameter.
enum class Slab { kParameters, kFirstMoment, kSecondMoment, kBest };

class ModelCore {
public:
    virtual ~ModelCore() = default;

    virtual const ModelSpec& training() const = 0;
    virtual const ParameterTable& table() const = 0;
    virtual int players() const = 0;

    // PyTorch's layout; has() tells whether the parameter has a tensor in the slab now. write() of kBest makes it.
    virtual bool has(Slab slab, Index parameter) const = 0;
    // Before a state of the other phase is written: moments of its kind. Only texts have two.
    virtual void enter_phase(bool /*teaching*/) {}
    virtual bool phases() const { return false; }
    virtual void read(Slab slab, Index parameter, void* out) const = 0;
    virtual void write(Slab slab, Index parameter, const void* values) = 0;
    virtual void parameters_written() = 0;
    virtual void drop_best() = 0;
    // What the fit carries within a batch: rows (0: nothing) of carried_width() numbers. Written ones replace it.
    virtual Index carried_width() const { return 0; }
    virtual Index carried_rows() const = 0;
    virtual void read_carried(void* out) const = 0;
    virtual void write_carried(const void* values, Index rows) = 0;
    virtual Cursor& cursor() = 0;
    virtual void reset(std::uint64_t seed) = 0;

    // A fit begins as each kind of model has it.
    virtual Block run(Index max_epochs, double budget_seconds, Poll* poll) = 0;
    virtual void end() = 0;
    virtual bool running() const = 0;
    virtual Index steps_per_epoch() const = 0;

    std::shared_mutex& lock() { return lock_; }

private:
    std::shared_mutex lock_;
};

}  // namespace ds
