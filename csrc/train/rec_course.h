// A fit of a Rec: sequences of a data set, and sequences for the validation.
#pragma once
#include "backend/cpu.h"
#include "train/course.h"
#include "train/rec_inference.h"

namespace ds {

template <class T>
class RecCourse final : public Course<T> {
public:
    RecCourse(RecModel<T>& model, OptimizerState<T>& optimizer, const KernelTable& kernels,
              const SequenceSet<T>& data, const SequenceSet<T>& validation, Index batch, int workers)
        : Course<T>(workers),
          backend_(kernels),
          sequences_(data.x.count),
          bounds_(BatchBounds::of(data, batch, model.spec().bptt)),
          pieces_(model.spec().bptt > 0 ? (data.longest() + model.spec().bptt - 1) / model.spec().bptt : 1),
          flops_(3.0 * static_cast<double>(bounds_.total) * model.step_flops()),
          step_(model, backend_, optimizer, data, bounds_, workers),
          validation_(validation),
          inference_(model, backend_),
          sums_(static_cast<std::size_t>(validation.x.count)) {
        if (!validates()) return;
        work_ = inference_.plan(validation_, workers);
        inference_.reserve(validation_, work_, workers);
    }

    Index rows() const override { return sequences_; }
    Index batch() const override { return bounds_.rows; }
    Index pieces() const override { return pieces_; }
    double step_flops() const override { return flops_; }
    Step<T>& step(int) override { return step_; }
    Index carried() const override { return pieces_ > 1 ? bounds_.rows * step_.state_size() : 0; }
    void read_carried(T* to) const override { step_.read_states(to); }
    void write_carried(const T* from) override { step_.write_states(from); }

    bool validates() const override { return validation_.x.count > 0; }
    void validate(Share share, const Halt& halt) override {
        if (!validates()) return;
        for (Index chunk = share.worker; chunk < work_.chunks() && !halt.asked(); chunk += share.workers)
            inference_.losses(validation_, work_, chunk, sums_.data(), &halt);
    }
    double validation_loss() const override { return mean_loss(sums_); }

    static double mean_loss(const std::vector<LossSum>& sums) {
        LossSum all;
        for (const LossSum& s : sums) all.loss += s.loss, all.weight += s.weight;
        return all.weight > 0.0 ? all.loss / all.weight : 0.0;
    }

private:
    CpuBackend<T> backend_;
    Index sequences_;
    BatchBounds bounds_;
    Index pieces_;
    double flops_;
    RecStep<T> step_;
    SequenceSet<T> validation_;
    RecInference<T> inference_;
    typename RecInference<T>::Work work_;
    std::vector<LossSum> sums_;
};

}  // namespace ds
