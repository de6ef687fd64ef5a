#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "core/fpenv.h"
#include "core/random.h"

namespace ds {
namespace {

constexpr double kFlopsPerWorker = 4e6;  // of a step: meeting, and reading what others wrote, must be cheap
constexpr double kLongStepFlops = 5e8;   // from here on a step asks for Ctrl-C between its layers
constexpr double kClockFlops = 5e6;      // work between two looks at the clock
constexpr Index kMaxRecords = 1024;      // epochs a block can report: room taken before the loop

}  // namespace

// What exists between begin() and end().
template <class T>
struct Trainer<T>::Session {
    Session(std::unique_ptr<Course<T>> course_, const FitOptions& options_, int players)
        : course(std::move(course_)),
          options(options_),
          rows(course->rows()),
          batch(course->batch()),
          pieces(course->pieces()),
          steps(course->batches() * pieces),
          only_player(course->only_player()),
          order(options.shuffle ? rows : 0) {
        for (int p = 0; p < players; ++p) steps_of[p] = &course->step(p);
    }

    std::unique_ptr<Course<T>> course;
    Step<T>* steps_of[kMostPlayers] = {};
    FitOptions options;
    Index rows, batch, pieces;
    Index steps;             // of an epoch
    int only_player;         // of batches that are one piece
    Buffer<Index> order;     // this epoch's permutation
    Index order_epoch = -1;  // whose it is
    BatchPlace place;
};

template <class T>
Trainer<T>::Trainer(Model<T>& model) : model_(model) {
    for (int p = 0; p < model.players(); ++p)
        optimizers_.emplace_back(model.training(p).optimizer, model.table(), model.part(p));
}

template <class T>
Trainer<T>::~Trainer() = default;

template <class T>
void Trainer<T>::reset() {
    cursor_ = {};
    for (OptimizerState<T>& optimizer : optimizers_) optimizer.reset();
    best_ = {};
    carry({});
}

template <class T>
void Trainer<T>::carry(Buffer<T> numbers) {
    carried_ = std::move(numbers);
    within_batch_ = carried_.size() > 0;
}

template <class T>
void Trainer<T>::retrain(int player) {
    optimizer(player) =
        OptimizerState<T>(model_.training(player).optimizer, model_.table(), model_.part(player));
    (player == 0 ? cursor_.clock : cursor_.second_clock) = {};
}

template <class T>
Index Trainer<T>::steps_per_epoch() const {
    return session_ ? session_->steps : 0;
}

template <class T>
int Trainer<T>::wanted_workers() const {
    const int available = model_.training().threads > 0 ? model_.training().threads : get_num_threads();
    return workers_worth(
        session_->course->step_flops(), kFlopsPerWorker,
        static_cast<int>(std::min<Index>(std::min(available, session_->course->workers()), session_->batch)));
}

template <class T>
void Trainer<T>::begin(std::unique_ptr<Course<T>> course, const FitOptions& options) {
    if (options.resume && cursor_.batch_size != options.batch_size)
        throw ValueError("batch_size: the interrupted fit used " + std::to_string(cursor_.batch_size) +
                         ", and resuming it needs the same; got " + std::to_string(options.batch_size));
    if (options.resume && cursor_.shuffle != options.shuffle)
        throw ValueError("shuffle: resuming a fit needs the value that it was started with");
    auto session = std::make_unique<Session>(std::move(course), options, model_.players());
    const bool watches = options.stopping.patience > 0 && options.stopping.restore_best;
    const Index carried = session->course->carried();
    const bool within = options.resume && within_batch_;
    const bool starts_within = options.resume && carried > 0 && cursor_.step % session->pieces != 0;
    if (within != starts_within || (within && carried_.size() != carried))
        throw ValueError("resume: the fit stands within a batch of other sequences than these");
    Buffer<T> states(within ? 0 : carried);
    Buffer<T> best;
    if (watches && !(options.resume && best_.size() > 0)) best = Buffer<T>(model_.table().size());

    // From here on nothing throws.
    session_ = std::move(session);
    if (!within) carried_ = std::move(states), within_batch_ = false;
    if (watches && best.size() > 0) {
        best_ = std::move(best);
        // Resumed without them: they are in place already, from when the fit ended.
        if (options.resume) std::copy_n(model_.params(), model_.table().size(), best_.data());
    }
    if (!watches && !(options.keeps_best && options.resume)) best_ = {};
    if (options.resume) return;
    if (cursor_.step > 0) ++cursor_.epoch;  // an abandoned epoch counts: its random numbers are used up
    cursor_.step = 0;
    cursor_.loss_sum = cursor_.weight_sum = 0.0;
    cursor_.target_epoch = cursor_.epoch + options.epochs;
    cursor_.batch_size = options.batch_size;
    cursor_.shuffle = options.shuffle;
    cursor_.stopping = {};
    const Index horizon = model_.training().schedule.epochs;
    cursor_.schedule_start = horizon > 0 ? 0 : cursor_.epoch;
    cursor_.schedule_epochs = horizon > 0 ? horizon : options.epochs;
}

template <class T>
void Trainer<T>::end() {
    if (!session_) return;
    const bool restore = finished() && best_.size() > 0 && cursor_.stopping.best_epoch >= 0;
    session_.reset();
    if (!restore) return;
    std::copy_n(best_.data(), model_.table().size(), model_.params());
    model_.refresh_copies();
    best_ = {};
}

// This epoch's order is a function of the seed and the epoch: resuming in its middle makes it again.
template <class T>
void Trainer<T>::start_epoch() {
    Session& s = *session_;
    if (s.order_epoch == cursor_.epoch) return;
    s.order_epoch = cursor_.epoch;
    epoch_start_ = Clock::now();
    if (!s.options.shuffle) return;
    for (Index i = 0; i < s.rows; ++i) s.order.data()[i] = i;
    shuffle(s.order.data(), s.rows, model_.training().seed, static_cast<std::uint32_t>(cursor_.epoch));
}

template <class T>
void Trainer<T>::place_next_step() {
    Session& s = *session_;
    // A division costs what a small layer does, so a batch that is one step is spared them.
    const bool whole = s.pieces == 1;
    const Index start = (whole ? cursor_.step : cursor_.step / s.pieces) * s.batch;
    const Index epoch = cursor_.epoch - cursor_.schedule_start;
    s.place.rows = s.options.shuffle ? s.order.data() + start : nullptr;
    s.place.start = start;
    s.place.size = std::min(s.batch, s.rows - start);
    s.place.piece = whole ? 0 : cursor_.step % s.pieces;
    s.place.epoch = static_cast<std::uint32_t>(cursor_.epoch);
    s.place.step = static_cast<std::uint32_t>(cursor_.step);
    s.place.player = whole ? s.only_player : s.course->player(s.place.piece);
    const auto scheduled = [&](Index steps) { return whole ? steps : s.course->scheduled(steps); };
    const Index steps = scheduled(s.steps);
    const ModelSpec& spec = model_.training(s.place.player);
    s.place.rate = scheduled_rate(
        spec.schedule, spec.optimizer.rate,
        {epoch, epoch * steps + scheduled(cursor_.step), cursor_.schedule_epochs * steps}, cursor_.plateau);
    command_ = Command::kStep;
}

// Worker 0, after a step: where training stands, and what comes next.
template <class T>
void Trainer<T>::after_step(StepOutcome outcome) {
    Session& s = *session_;
    // A player whose turn has not come has a rate all the same.
    if (outcome == StepOutcome::kDone || s.place.player > 0) cursor_.rate[s.place.player] = s.place.rate;
    const LossSum& last = s.steps_of[s.place.player]->last();
    if (outcome == StepOutcome::kDiverged || outcome == StepOutcome::kCancelled) {
        block_.diverged = outcome == StepOutcome::kDiverged;
        block_.cancelled = outcome == StepOutcome::kCancelled;
        block_.diverged_loss = last.mean();
        return stop();
    }
    ++cursor_.step;
    cursor_.loss_sum += last.loss;
    cursor_.weight_sum += last.weight;
    if (s.place.piece == 0) block_.samples += s.place.size;
    if (cursor_.step == s.steps) {
        within_batch_ = false;
        command_ = Command::kEndEpoch;
        return;
    }
    if (carried_.size() > 0) keep_carried();
    if (--until_clock_ <= 0) {
        until_clock_ = clock_every_;
        if (Clock::now() >= deadline_) return stop();
    }
    place_next_step();
}

// Given up, it is done again when the fit goes on.
template <class T>
void Trainer<T>::after_validation() {
    if (!given_up_.exchange(false, std::memory_order_relaxed)) return after_epoch();
    block_.cancelled = true;
    stop();
}

template <class T>
void Trainer<T>::keep_carried() {
    within_batch_ = cursor_.step % session_->pieces != 0;
    if (within_batch_) session_->course->read_carried(carried_.data());
}

template <class T>
void Trainer<T>::after_epoch() {
    Session& s = *session_;
    const bool validated = s.course->validates();
    EpochRecord r;
    r.epoch = cursor_.epoch + 1;
    r.loss = cursor_.weight_sum > 0.0 ? cursor_.loss_sum / cursor_.weight_sum : 0.0;
    r.validated = validated;
    r.rate = cursor_.rate[0];
    r.generator_rate = cursor_.rate[1];
    s.course->report(r);
    if (validated) r.val_loss = s.course->validation_loss();
    const double watched = validated && s.options.stopping.on_validation ? r.val_loss : r.loss;
    observe(model_.training().schedule, cursor_.plateau, model_.training().optimizer.rate,
            validated ? r.val_loss : r.loss);
    if (s.options.stopping.patience > 0) {
        const Verdict verdict = judge(s.options.stopping, cursor_.stopping, cursor_.epoch, watched);
        if (verdict == Verdict::kBetter && best_.size() > 0)
            std::copy_n(model_.params(), model_.table().size(), best_.data());
    }
    ++cursor_.epoch;
    cursor_.step = 0;
    cursor_.loss_sum = cursor_.weight_sum = 0.0;
    const Clock::time_point now = Clock::now();
    r.seconds = std::chrono::duration<double>(now - epoch_start_).count();
    block_.epochs.push_back(r);
    if (finished() || static_cast<Index>(block_.epochs.size()) >= max_epochs_ || now >= deadline_)
        return stop();
    start_epoch();
    place_next_step();
}

// Every worker's loop. The last barrier of a turn publishes worker 0's next command and each worker's
// overflow. Worker 0 decides what comes next while others may still be updating, so what reads the weights
// (an epoch's end) is a turn of its own.
template <class T>
void Trainer<T>::work(Share share, Barrier& barrier) {
    Session& s = *session_;
    const bool lead = share.worker == 0;
    while (command_ != Command::kStop) {
        if (command_ == Command::kStep) {
            // A copy where worker 0 places the next step while others may still read this one's rate.
            BatchPlace copy;
            if (share.workers > 1) copy = s.place;
            const BatchPlace& place = share.workers > 1 ? copy : s.place;
            Step<T>& step = *s.steps_of[place.player];
            OptimizerClock& clock = place.player == 0 ? cursor_.clock : cursor_.second_clock;
            const StepOutcome outcome =
                step.run(place, share, barrier, clock, asks_in_steps_ ? poll_ : nullptr);
            if (lead) after_step(outcome);
            barrier.wait();
            if (step.overflowed()) return;
        } else {
            s.course->validate(share, HaltByPoll(given_up_, lead ? poll_ : nullptr));
            barrier.wait();
            if (lead) after_validation();
            barrier.wait();
        }
    }
}

template <class T>
Block Trainer<T>::run(Index max_epochs, double budget_seconds, Poll* poll) {
    if (!session_) throw std::logic_error("run: begin() was not called");
    const DefaultFpEnv environment;
    Session& s = *session_;
    block_ = {};
    max_epochs_ = std::clamp<Index>(max_epochs, 1, kMaxRecords);
    block_.epochs.reserve(static_cast<std::size_t>(max_epochs_));
    const double limit = std::clamp(budget_seconds, 0.0, 1e6);
    deadline_ =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit));
    const double flops = s.course->step_flops();
    clock_every_ = std::clamp<Index>(static_cast<Index>(kClockFlops / (flops + 1e4)), 1, 256);
    until_clock_ = clock_every_;
    poll_ = poll;
    asks_in_steps_ = flops >= kLongStepFlops;
    if (within_batch_) s.course->write_carried(carried_.data());
    if (!finished()) {
        s.course->begin_run();
        start_epoch();
        if (cursor_.step < steps_per_epoch())
            place_next_step();
        else
            command_ = Command::kEndEpoch;
        TeamLease lease(wanted_workers());
        for (OptimizerState<T>& optimizer : optimizers_) optimizer.share_out(lease.workers());
        for (int p = 0; p < model_.players(); ++p) s.steps_of[p]->clear_overflow();
        Barrier barrier(lease.workers());
        const auto body = [&](int worker) { work({worker, lease.workers()}, barrier); };
        lease.run(body);
        bool overflowed = false;
        for (int p = 0; p < model_.players(); ++p) overflowed |= s.steps_of[p]->overflowed();
        if (overflowed)
            block_.diverged = true, block_.diverged_loss = std::numeric_limits<double>::infinity();
    }
    block_.finished = finished();
    block_.stopped_early = cursor_.stopping.stopped;
    return std::move(block_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ds
