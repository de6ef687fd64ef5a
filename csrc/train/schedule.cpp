#include "train/schedule.h"

#include "core/check.h"
#include "core/maths.h"

namespace ds {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr const char* kNames[] = {"constant", "step", "exponential", "cosine", "one_cycle", "plateau"};

// From a to b as t goes 0 → 1, along half a cosine.
double anneal(double a, double b, double t) { return b + (a - b) * 0.5 * (1.0 + maths::cos(kPi * t)); }

double fraction(Index part, Index whole) {
    if (whole <= 0) return 1.0;
    const double t = static_cast<double>(part) / static_cast<double>(whole);
    return t < 1.0 ? t : 1.0;
}

// gamma^n by squaring: the same bits everywhere.
double power(double base, Index n) {
    double result = 1.0;
    for (; n > 0; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

double one_cycle(const ScheduleSpec& spec, const SchedulePosition& at) {
    const Index rise = static_cast<Index>(spec.peak * static_cast<double>(at.total));
    if (at.step < rise) return anneal(1.0 / spec.divisor, 1.0, fraction(at.step, rise));
    return anneal(1.0, spec.final_rate, fraction(at.step - rise, at.total - 1 - rise));
}

}  // namespace

Schedule parse_schedule(const std::string& name) { return parse_name<Schedule>("schedule", name, kNames); }

const char* to_string(Schedule schedule) { return kNames[static_cast<int>(schedule)]; }

double scheduled_rate(const ScheduleSpec& spec, double rate, const SchedulePosition& at,
                      const PlateauState& plateau) {
    if (spec.kind == Schedule::kConstant && spec.warmup == 0.0) return rate;
    if (spec.kind == Schedule::kOneCycle) return rate * one_cycle(spec, at);
    const double length = spec.warmup < 1.0 ? spec.warmup * static_cast<double>(at.total) : spec.warmup;
    const Index warm = static_cast<Index>(length);
    if (at.step < warm) return rate * (static_cast<double>(at.step + 1) / static_cast<double>(warm));
    switch (spec.kind) {
        case Schedule::kStep: return rate * power(spec.gamma, at.epoch / spec.every);
        case Schedule::kExponential: return rate * power(spec.gamma, at.epoch);
        case Schedule::kCosine:
            return rate * anneal(1.0, spec.final_rate, fraction(at.step - warm, at.total - warm));
        case Schedule::kPlateau: {
            const double scaled = rate * plateau.scale;
            return scaled > spec.min_rate ? scaled : spec.min_rate;
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
    if (rate * plateau.scale > spec.min_rate) plateau.scale *= spec.factor;
}

}  // namespace ds
