// A training task, which the trainer drives: the training data behind a step, and the validation data. Each
// kind of model has its own (net/task.h, rec/task.h, gen/task.h).
#pragma once
#include "training/step.h"

namespace ds {

struct EpochRecord {
    Index epoch = 0;  // 1 for the first
    double loss = 0.0;
    double val_loss = 0.0;
    bool validated = false;
    double learning_rate = 0.0;
    double seconds = 0.0;
    // Of a GAN; `loss` and `learning_rate` are the discriminator's.
    double penalty = 0.0, real_score = 0.0, fake_score = 0.0;
    double generator_loss = 0.0, generator_learning_rate = 0.0;
};

template <class T>
class TrainingTask {
public:
    explicit TrainingTask(int workers) : workers_(workers) {}
    virtual ~TrainingTask() = default;

    int workers() const { return workers_; }  // the most that its buffers allow
    virtual Index rows() const = 0;           // of the training data; a sequence counts as one
    // Row numbers in the caller's arrays (Dataset::index), or null: all rows.
    virtual const Index* index() const { return nullptr; }
    virtual Index batch() const = 0;
    virtual Index batches() const { return (rows() + batch() - 1) / batch(); }  // of an epoch
    // Steps per batch: parts of truncated back-propagation through time, or the updates of both players of a
    // GAN.
    virtual Index micro_steps() const { return 1; }
    virtual Player player(Index /*micro_step*/) const { return kFirstPlayer; }  // that a micro-step updates
    virtual Player only_player() const { return kFirstPlayer; }                 // if a batch is one step
    virtual Step<T>& step(Player player) = 0;
    // State that a micro-step leaves to the next one of its batch: its size, and copies of it. It is read
    // after each micro-step, and written when a run resumes within a batch.
    virtual Index bptt_state_size() const { return 0; }
    virtual void read_bptt_state(T* /*to*/) const {}
    virtual void write_bptt_state(const T* /*from*/) {}
    virtual double step_flops() const = 0;
    // Converts steps to those that the learning-rate schedule counts.
    virtual Index schedule_step(Index steps) const { return steps; }
    // Called before each run: the user may have set parameters since the last one.
    virtual void begin_run() {}
    // Adds to the record of an epoch. Worker 0 calls it at the end.
    virtual void report(EpochRecord&) {}

    virtual bool validates() const = 0;
    // A worker's share of the validation losses. It must not throw, so its buffers are allocated before. Then
    // one worker computes the weighted mean.
    virtual void validate(Share share, const StopToken& stop_token) = 0;
    virtual double validation_loss() const = 0;

private:
    int workers_;
};

}  // namespace ds
