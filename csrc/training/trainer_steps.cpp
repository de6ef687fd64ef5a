// The host's part of steps: what it decides before one, what it counts, and how it hears what steps report.
#include <algorithm>

#include "training/trainer_session.h"

namespace ds {

template <class T>
void Trainer<T>::prepare_next_step() {
    Session& s = *session_;
    s.slot ^= 1;
    auto& [mini_batch, clock, params] = s.current();
    // A division takes as long as a small layer, so a batch of one step avoids them.
    const bool single_step = s.micro_steps == 1;
    const Index start = (single_step ? state_.step : state_.step / s.micro_steps) * s.batch;
    const Index epoch = state_.epoch - state_.schedule_start;
    mini_batch.rows = s.row_numbers ? s.row_numbers + start : nullptr;
    mini_batch.start = start;
    mini_batch.size = std::min(s.batch, s.rows - start);
    mini_batch.micro_step = single_step ? 0 : state_.step % s.micro_steps;
    mini_batch.epoch = static_cast<std::uint32_t>(state_.epoch);
    mini_batch.step = static_cast<std::uint32_t>(state_.step);
    mini_batch.player = single_step ? s.only_player : s.task->player(mini_batch.micro_step);
    const auto schedule_step = [&](Index steps) {
        return single_step ? steps : s.task->schedule_step(steps);
    };
    const Index steps = schedule_step(s.steps);
    const std::size_t player = index_of(mini_batch.player);
    const ModelSpec& spec = model_.training(mini_batch.player);
    mini_batch.learning_rate = scheduled_rate(
        spec.schedule, spec.optimizer.learning_rate,
        {epoch, epoch * steps + schedule_step(state_.step), state_.schedule_epochs * steps}, state_.plateau);
    clock = state_.clock[player];
    optimizers_[player].advance(clock);
    params.host().number = unreported_;
    mini_batch.has_work = s.player_steps[player]->prepare(mini_batch, clock, params.host());
    params.upload();
    command_ = Command::kStep;
}

// The host's part of a complete step.
template <class T>
void Trainer<T>::count_step() {
    const auto& [mini_batch, clock, params] = session_->current();
    const std::size_t player = index_of(mini_batch.player);
    if (mini_batch.has_work) state_.clock[player] = clock;
    // The generator's rate is recorded even if it makes no update this time.
    if (mini_batch.has_work || mini_batch.player != kFirstPlayer)
        state_.learning_rate[player] = mini_batch.learning_rate;
    if (mini_batch.micro_step == 0) result_.samples += mini_batch.size;
    ++state_.step;
    ++unreported_;
}

// The sums of the epoch lie in the status while steps run.
template <class T>
void Trainer<T>::write_status() {
    SharedStruct<StepStatus>& status = session_->status;
    status.host() = {.loss_sum = state_.loss_sum, .weight_sum = state_.weight_sum, .gan = state_.gan};
    status.upload();
    start_report();
}

template <class T>
void Trainer<T>::read_status() {
    SharedStruct<StepStatus>& status = session_->status;
    status.download();
    state_.loss_sum = status.host().loss_sum;
    state_.weight_sum = status.host().weight_sum;
    state_.gan = status.host().gan;
}

template <class T>
bool Trainer<T>::has_diverged() {
    session_->status.download();
    return session_->status.host().diverged != 0;
}

template <class T>
void Trainer<T>::start_report() {
    unreported_ = 0;
    reported_.step = state_.step;
    reported_.samples = result_.samples;
    std::copy_n(state_.learning_rate, kMaxPlayers, reported_.learning_rate);
    std::copy_n(state_.clock, kMaxPlayers, reported_.clock);
}

// What the host has counted is a function of the number of steps.
template <class T>
void Trainer<T>::return_to_last_complete_step() {
    state_.step = reported_.step;
    result_.samples = reported_.samples;
    std::copy_n(reported_.learning_rate, kMaxPlayers, state_.learning_rate);
    std::copy_n(reported_.clock, kMaxPlayers, state_.clock);
    for (Index i = session_->status.host().steps; i > 0; --i) {
        prepare_next_step();
        count_step();
    }
}

// Worker 0, after a step: updates the state and chooses the next command.
template <class T>
void Trainer<T>::after_step(StepOutcome outcome) {
    Session& s = *session_;
    const bool cancelled = outcome == StepOutcome::kCancelled, by_step = report_interval_ == 1;
    if (by_step && outcome == StepOutcome::kDone && has_diverged()) {
        reports_ = result_.diverged = true;
        return stop();
    }
    if (!cancelled) count_step();
    const bool ends_epoch = state_.step == s.steps;
    bool is_late = false;
    if (!ends_epoch && !cancelled && --steps_until_clock_ <= 0) {
        steps_until_clock_ = clock_interval_;
        is_late = Clock::now() >= deadline_;
    }
    reports_ = by_step || cancelled || ends_epoch || is_late || unreported_ >= report_interval_;
    if (reports_ && !by_step) {
        if (has_diverged()) {
            return_to_last_complete_step();
            result_.diverged = true;
            return stop();
        }
        start_report();
    }
    if (cancelled) {
        result_.cancelled = true;
        return stop();
    }
    if (ends_epoch) {
        within_batch_ = false;
        command_ = Command::kEndEpoch;
        return;
    }
    if (bptt_state_.size() > 0) save_bptt_state();
    if (is_late) return stop();
    prepare_next_step();
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace ds
