#include "training/schedule.h"

#include "core/check.h"
#include "core/scalar_math.h"

namespace ds {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr const char* kNames[] = {"constant", "step", "exponential", "cosine", "one_cycle", "plateau"};

// From a to b as t goes 0 → 1, along half a cosine.
double anneal(double a, double b, double t) { return b + (a - b) * 0.5 * (1.0 + scalar_math::cos(kPi * t)); }

double fraction(Index part, Index whole) {
    if (whole <= 0) return 1.0;
    const double t = static_cast<double>(part) / static_cast<double>(whole);
    return t < 1.0 ? t : 1.0;
}

// decay^n by squaring: the same bits everywhere.
double power(double base, Index n) {
    double result = 1.0;
    for (; n > 0; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

double one_cycle(const ScheduleSpec& spec, const SchedulePosition& position) {
    const Index rise = static_cast<Index>(spec.peak * static_cast<double>(position.total));
    if (position.step < rise) return anneal(1.0 / spec.div, 1.0, fraction(position.step, rise));
    return anneal(1.0, spec.final_rate, fraction(position.step - rise, position.total - 1 - rise));
}

}  // namespace

Names names_of(Schedule) { return kNames; }

double scheduled_rate(const ScheduleSpec& spec, double rate, const SchedulePosition& position,
                      const PlateauState& plateau) {
    if (spec.kind == Schedule::kConstant && spec.warmup == 0.0) return rate;
    if (spec.kind == Schedule::kOneCycle) return rate * one_cycle(spec, position);
    const double length = spec.warmup < 1.0 ? spec.warmup * static_cast<double>(position.total) : spec.warmup;
    const Index warm = static_cast<Index>(length);
    if (position.step < warm)
        return rate * (static_cast<double>(position.step + 1) / static_cast<double>(warm));
    switch (spec.kind) {
        case Schedule::kStep: return rate * power(spec.decay, position.epoch / spec.interval);
        case Schedule::kExponential: return rate * power(spec.decay, position.epoch);
        case Schedule::kCosine:
            return rate * anneal(1.0, spec.final_rate, fraction(position.step - warm, position.total - warm));
        case Schedule::kPlateau: {
            const double scaled = rate * plateau.scale;
            return scaled > spec.min_learning_rate ? scaled : spec.min_learning_rate;
        }
        default: return rate;
    }
}

void observe(const ScheduleSpec& spec, PlateauState& plateau, double rate, double loss) {
    if (spec.kind != Schedule::kPlateau) return;
    const double needed = plateau.best - spec.threshold * (plateau.best < 0 ? -plateau.best : plateau.best);
    if (!plateau.started || loss < needed) {
        plateau.best = loss;
        plateau.bad_epochs = 0;
        plateau.started = true;
        return;
    }
    if (++plateau.bad_epochs <= spec.patience) return;
    plateau.bad_epochs = 0;
    if (rate * plateau.scale > spec.min_learning_rate) plateau.scale *= spec.factor;
}

}  // namespace ds
