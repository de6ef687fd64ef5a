#include "training/trainer.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/fpenv.h"
#include "core/random/init.h"
#include "core/threads/min_work.h"
#include "training/trainer_session.h"

namespace ds {
namespace {

constexpr double kLongStepFlops = 5e8;  // a step of at least this size polls between its layers
constexpr double kClockFlops = 5e6;     // work between two readings of the clock
constexpr Index kMaxRecords = 1024;     // epochs per run(), allocated before the loop

}  // namespace

template <class T>
Trainer<T>::Trainer(Model<T>& model) : model_(model) {
    for (const Player p : model.players())
        optimizers_.emplace_back(model.device().memory, model.training(p).optimizer, model.table(),
                                 model.part(p));
}

template <class T>
Trainer<T>::~Trainer() = default;

template <class T>
void Trainer<T>::reset() {
    state_ = {};
    for (OptimizerState<T>& optimizer : optimizers_) optimizer.reset();
    best_ = {};
    set_bptt_state({});
}

template <class T>
void Trainer<T>::set_bptt_state(Buffer<T> numbers) {
    bptt_state_ = std::move(numbers);
    within_batch_ = bptt_state_.size() > 0;
}

template <class T>
void Trainer<T>::reset_optimizer(Player player) {
    optimizer(player) = OptimizerState<T>(model_.device().memory, model_.training(player).optimizer,
                                          model_.table(), model_.part(player));
    state_.clock[index_of(player)] = {};
}

template <class T>
Index Trainer<T>::steps_per_epoch() const {
    return session_ ? session_->steps : 0;
}

template <class T>
int Trainer<T>::worker_count() const {
    if (model_.device().backend.is_asynchronous()) return 1;
    const int available = model_.training().threads > 0 ? model_.training().threads : get_num_threads();
    return useful_workers(
        session_->task->step_flops(), kMinStepFlops,
        static_cast<int>(std::min<Index>(std::min(available, session_->task->workers()), session_->batch)));
}

template <class T>
void Trainer<T>::begin(std::unique_ptr<TrainingTask<T>> task, const FitOptions& options) {
    if (options.resume && state_.batch_size != options.batch_size)
        throw ValueError(
            "batch_size: got " + std::to_string(options.batch_size) + "; expected " +
            std::to_string(state_.batch_size) +
            ", that of the interrupted fit. Pass it again, or start a new fit with resume=False");
    if (options.resume && state_.shuffle != options.shuffle)
        throw ValueError(
            std::string("shuffle: got ") + (options.shuffle ? "True" : "False") +
            "; expected the value of the interrupted fit. Pass it again, or start a new fit with "
            "resume=False");
    Memory& memory = model_.device().memory;
    auto session = std::make_unique<Session>(std::move(task), options, model_.players(), memory);
    const bool tracks_best = options.stopping.patience > 0 && options.stopping.restore_best;
    const Index state_size = session->task->bptt_state_size();
    const bool within = options.resume && within_batch_;
    const bool starts_within = options.resume && state_size > 0 && state_.step % session->micro_steps != 0;
    if (within != starts_within || (within && bptt_state_.size() != state_size))
        throw ValueError(
            "resume: got other sequences; expected those of the interrupted fit, which stopped within a "
            "batch. Pass them again, or start a new fit with resume=False");
    Buffer<T> states(memory, within ? 0 : state_size);
    Buffer<T> best;
    if (tracks_best && !(options.resume && best_.size() > 0)) best = Buffer<T>(memory, model_.table().size());

    // From here on nothing throws.
    session_ = std::move(session);
    if (!within) bptt_state_ = std::move(states), within_batch_ = false;
    if (tracks_best && best.size() > 0) {
        best_ = std::move(best);
        // A finished fit has restored its best weights and dropped the copy.
        if (options.resume) memory.copy(best_.data(), model_.params(), model_.table().size());
    }
    if (!tracks_best && !(options.keeps_best && options.resume)) best_ = {};
    if (options.resume) return;
    if (state_.step > 0) ++state_.epoch;  // a cancelled epoch counts, since its random numbers are used
    state_.step = 0;
    state_.loss_sum = state_.weight_sum = 0.0;
    state_.target_epoch = state_.epoch + options.epochs;
    state_.batch_size = options.batch_size;
    state_.shuffle = options.shuffle;
    state_.stopping = {};
    const Index horizon = model_.training().schedule.epochs;
    state_.schedule_start = horizon > 0 ? 0 : state_.epoch;
    state_.schedule_epochs = horizon > 0 ? horizon : options.epochs;
}

template <class T>
void Trainer<T>::end() {
    if (!session_) return;
    const bool restore = finished() && best_.size() > 0 && state_.stopping.best_epoch >= 0;
    session_.reset();
    if (!restore) return;
    model_.device().memory.copy(model_.params(), best_.data(), model_.table().size());
    model_.refresh_copies();
    best_ = {};
}

// The order is a function of the seed and the epoch, so a run that resumes within an epoch recomputes it.
template <class T>
void Trainer<T>::start_epoch() {
    Session& s = *session_;
    if (s.order_epoch == state_.epoch) return;
    s.order_epoch = state_.epoch;
    epoch_start_ = Clock::now();
    if (!s.options.shuffle) return;
    for (Index i = 0; i < s.rows; ++i) s.order.data()[i] = i;
    shuffle(s.order.data(), s.rows, model_.training().seed, static_cast<std::uint32_t>(state_.epoch));
    if (const Index* index = s.task->index())
        for (Index& row : s.order) row = index[row];
}

// A cancelled validation is repeated when the fit resumes.
template <class T>
void Trainer<T>::after_validation() {
    if (!cancelled_.exchange(false, std::memory_order_relaxed)) return after_epoch();
    result_.cancelled = true;
    stop();
}

template <class T>
void Trainer<T>::save_bptt_state() {
    within_batch_ = state_.step % session_->micro_steps != 0;
    if (within_batch_) session_->task->read_bptt_state(bptt_state_.data());
}

template <class T>
void Trainer<T>::after_epoch() {
    Session& s = *session_;
    const bool validated = s.task->validates();
    read_status();
    EpochRecord r;
    r.epoch = state_.epoch + 1;
    r.loss = state_.weight_sum > 0.0 ? state_.loss_sum / state_.weight_sum : 0.0;
    r.validated = validated;
    r.learning_rate = state_.learning_rate[0];
    r.generator_learning_rate = state_.learning_rate[1];
    s.task->report(r);
    if (validated) r.val_loss = s.task->validation_loss();
    const double monitored = validated && s.options.stopping.on_validation ? r.val_loss : r.loss;
    observe(model_.training().schedule, state_.plateau, model_.training().optimizer.learning_rate,
            validated ? r.val_loss : r.loss);
    if (s.options.stopping.patience > 0) {
        const Verdict verdict = update_stopping(s.options.stopping, state_.stopping, state_.epoch, monitored);
        if (verdict == Verdict::kBetter && best_.size() > 0)
            model_.device().memory.copy(best_.data(), model_.params(), model_.table().size());
    }
    ++state_.epoch;
    state_.step = 0;
    state_.loss_sum = state_.weight_sum = 0.0;
    const Clock::time_point now = Clock::now();
    r.seconds = std::chrono::duration<double>(now - epoch_start_).count();
    result_.epochs.push_back(r);
    write_status();
    if (finished() || static_cast<Index>(result_.epochs.size()) >= max_epochs_ || now >= deadline_)
        return stop();
    start_epoch();
    prepare_next_step();
}

// The loop of every worker. The last barrier of an iteration publishes worker 0's next command and the
// overflow flags. Worker 0 chooses the command while others may still update. So the end of an epoch, which
// reads the weights, is an iteration of its own.
template <class T>
void Trainer<T>::work(Share share, Barrier& barrier) {
    Session& s = *session_;
    const bool lead = share.worker == 0;
    while (command_ != Command::kStop) {
        if (command_ == Command::kStep) {
            auto& [mini_batch, clock, params] = s.current();
            Step<T>& step = *s.player_steps[index_of(mini_batch.player)];
            StepOutcome outcome = StepOutcome::kNothing;
            if (mini_batch.has_work)
                outcome =
                    step.run(mini_batch, params.data(), share, barrier, polls_in_steps_ ? poll_ : nullptr);
            else
                barrier.wait();  // all have read the slot before worker 0 chooses the other one
            if (lead) after_step(outcome);
            barrier.wait();
            if (reports_ && s.status.host().overflow) return;
        } else {
            s.task->validate(share, PollingStopToken(cancelled_, lead ? poll_ : nullptr));
            barrier.wait();
            if (lead) after_validation();
            barrier.wait();
        }
    }
}

template <class T>
RunResult Trainer<T>::run(Index max_epochs, double budget_seconds, InterruptPoll* poll) {
    if (!session_) throw std::logic_error("run: begin() was not called");
    const DefaultFpEnv environment;
    Session& s = *session_;
    result_ = {};
    max_epochs_ = std::clamp<Index>(max_epochs, 1, kMaxRecords);
    result_.epochs.reserve(static_cast<std::size_t>(max_epochs_));
    const double limit = std::clamp(budget_seconds, 0.0, 1e6);
    deadline_ =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit));
    const double flops = s.task->step_flops();
    clock_interval_ = std::clamp<Index>(static_cast<Index>(kClockFlops / (flops + 1e4)), 1, 256);
    steps_until_clock_ = clock_interval_;
    poll_ = poll;
    polls_in_steps_ = flops >= kLongStepFlops;
    if (s.task->bptt_state_size() > 0) report_interval_ = 1;
    if (within_batch_) s.task->write_bptt_state(bptt_state_.data());
    if (!finished()) {
        s.task->begin_run();
        start_epoch();
        write_status();
        if (state_.step < steps_per_epoch())
            prepare_next_step();
        else
            command_ = Command::kEndEpoch;
        ThreadPoolLease lease(worker_count());
        for (OptimizerState<T>& optimizer : optimizers_) optimizer.divide_among(lease.workers());
        Barrier barrier(lease.workers());
        const auto body = [&](int worker) { work({worker, lease.workers()}, barrier); };
        lease.run(body);
        read_status();
        const StepStatus& status = s.status.host();
        result_.diverged |= status.overflow != 0;
        if (result_.diverged)
            result_.diverged_loss =
                status.overflow ? std::numeric_limits<double>::infinity() : status.mean_loss();
        if (result_.diverged || result_.cancelled)
            for (const Player p : model_.players()) s.player_steps[index_of(p)]->discard();
    }
    model_.device().backend.synchronize();
    result_.finished = finished();
    result_.stopped_early = state_.stopping.stopped;
    return std::move(result_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ds
