// What a fit works through, as the trainer drives it: the training data behind a step, and the validation. Each
// kind of model makes its own (net_course.h, rec_course.h).
#pragma once
#include "train/step.h"

namespace ds {

struct EpochRecord {
    Index epoch = 0;  // 1 for the first
    double loss = 0.0;
    double val_loss = 0.0;
    bool validated = false;
    double rate = 0.0;
    double seconds = 0.0;
    // Of adversaries: `loss` and `rate` are the discriminator's.
    double penalty = 0.0, real_score = 0.0, fake_score = 0.0;
    double generator_loss = 0.0, generator_rate = 0.0;
};

template <class T>
class Course {
public:
    explicit Course(int workers) : workers_(workers) {}
    virtual ~Course() = default;

    int workers() const { return workers_; }  // the most that there is room for
    virtual Index rows() const = 0;           // of the training data; sequences count as one
    virtual Index batch() const = 0;
    virtual Index batches() const { return (rows() + batch() - 1) / batch(); }  // of an epoch
    // Steps that a batch is cut into: truncated back-propagation through time, or adversaries taking turns.
    virtual Index pieces() const { return 1; }
    virtual int player(Index /*piece*/) const { return 0; }  // whose step a piece is, of the model's players
    virtual int only_player() const { return 0; }            // the same where a batch is one piece
    virtual Step<T>& step(int player) = 0;
    // What one piece of a batch leaves to the next, so many numbers: read after a piece, written before one with which
    // a run goes on.
    virtual Index carried() const { return 0; }
    virtual void read_carried(T* /*to*/) const {}
    virtual void write_carried(const T* /*from*/) {}
    virtual double step_flops() const = 0;
    // Steps of several pieces as the schedules of the rates count them.
    virtual Index scheduled(Index steps) const { return steps; }
    // Before each run: parameters may have been set from outside since the last.
    virtual void begin_run() {}
    // What else an epoch tells; worker 0, at its end.
    virtual void report(EpochRecord&) {}

    virtual bool validates() const = 0;
    // Every worker's share of the validation losses, for which there is room already: a worker must not throw.
    // Then, by one of them, the weighted mean.
    virtual void validate(Share share, const Halt& halt) = 0;
    virtual double validation_loss() const = 0;

private:
    int workers_;
};

}  // namespace ds
