// What a fit works through, as the trainer drives it: the training data behind a step, and the validation. Each
// kind of model makes its own (net_course.h, rec_course.h).
#pragma once
#include "train/step.h"

namespace ds {

template <class T>
class Course {
public:
    explicit Course(int workers) : workers_(workers) {}
    virtual ~Course() = default;

    int workers() const { return workers_; }  // the most that there is room for
    virtual Index rows() const = 0;           // of the training data; sequences count as one
    virtual Index batch() const = 0;
    // Steps that a batch is cut into (truncated back-propagation through time). A fit pauses between batches only.
    virtual Index pieces() const { return 1; }
    virtual double step_flops() const = 0;
    virtual Step<T>& step() = 0;

    virtual bool validates() const = 0;
    // Every worker's share of the validation losses, for which there is room already: a worker must not throw.
    // Then, by one of them, the weighted mean.
    virtual void validate(Share share) = 0;
    virtual double validation_loss() const = 0;

private:
    int workers_;
};

}  // namespace ds
