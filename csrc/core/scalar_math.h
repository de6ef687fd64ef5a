// exp, log and cos in double with the same bits on every machine; libm's differ between systems and versions.
// They serve initialisation, schedules and CTC, that is everything outside the kernels; formulas/elementary.h
// has the vector functions. Plain multiplications and additions, error at most 1 ULP. After Sun's fdlibm.
#pragma once

namespace ds::scalar_math {

double sqrt(double x);  // correctly rounded
double exp(double x);
double log(double x);
double cos(double x);  // |x| <= 10^5; beyond, the reduction of the argument loses digits
// sin and cos of 2π·turns to 2.5 ULP, |turns| < 2^48.
void sincos_turns(double turns, double& s, double& c);

}  // namespace ds::scalar_math
