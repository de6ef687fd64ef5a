// A model behind an interface without templates: the common part of all kinds and both precisions, and its
// lock. Predictions share the lock. Calls that write hold it exclusively; training releases it between calls
// of run(), so that other threads can predict.
#pragma once
#include <cstdint>
#include <shared_mutex>

#include "training/trainer.h"

namespace ds {

// The flat buffers of a checkpoint, each with one tensor per parameter.
enum class FlatBuffer { kParameters, kFirstMoment, kSecondMoment, kBest };

class ModelCore {
public:
    virtual ~ModelCore() = default;

    virtual const ModelSpec& training() const = 0;
    virtual const ParameterTable& table() const = 0;
    virtual int players() const = 0;

    // Tensors in PyTorch's layout. has(): whether the parameter has one in the buffer now. make_best() creates
    // kBest. write() does not throw; `scratchpad` has scratchpad_bytes() bytes.
    virtual bool has(FlatBuffer buffer, Index parameter) const = 0;
    // Switches between pretraining and adversarial training, with moments of its optimizer. Only texts have
    // two phases.
    virtual void enter_phase(bool /*pretraining*/) {}
    virtual bool phases() const { return false; }
    virtual void read(FlatBuffer buffer, Index parameter, void* out) const = 0;
    virtual Index scratchpad_bytes() const = 0;
    virtual void write(FlatBuffer buffer, Index parameter, const void* values, void* scratchpad) = 0;
    virtual void parameters_written() = 0;
    virtual void make_best() = 0;
    virtual void drop_best() = 0;
    // State between the micro-steps of a batch: rows (0: none) of bptt_state_width() numbers.
    virtual Index bptt_state_width() const { return 0; }
    virtual Index bptt_state_rows() const = 0;
    virtual void read_bptt_state(void* out) const = 0;
    virtual void write_bptt_state(const void* values, Index rows) = 0;
    virtual TrainerState& state() = 0;
    virtual void reset(std::uint64_t seed) = 0;

    // begin() is a member of each kind of model.
    virtual RunResult run(Index max_epochs, double budget_seconds, InterruptPoll* poll) = 0;
    virtual void end() = 0;
    virtual bool running() const = 0;
    virtual Index steps_per_epoch() const = 0;

    std::shared_mutex& lock() { return lock_; }

private:
    std::shared_mutex lock_;
};

}  // namespace ds
