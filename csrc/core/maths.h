// exp, log, pow, sin, cos in double with the same bits on every machine, for what is computed once or once an
// epoch: initialisation and schedules. libm's functions differ between systems and versions. Plain
// multiplications and additions, at most 1 ULP (pow: 2). Not for kernels: formulas/elementary.h has the
// vector functions. After Sun's fdlibm, but for pow: a double-double logarithm.
#pragma once

namespace ds::maths {

double sqrt(double x);  // the exact one
double exp(double x);
double log(double x);
double pow(double x, double y);  // NaN for x < 0
double sin(double x);            // |x| <= 10^5; beyond, the argument's reduction loses digits
double cos(double x);
// sin and cos of 2π·turns to 2.5 ULP, |turns| < 2^48.
void sincos_turns(double turns, double& s, double& c);

}  // namespace ds::maths
