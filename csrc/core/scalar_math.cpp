#include "core/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ds::scalar_math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2Hi = 6.93147180369123816490e-01;  // 32 bits: its products with an exponent are exact
constexpr double kLn2Lo = 1.90821492927058770002e-10;

// The nearest whole number, |x| < 2^51.
double nearest(double x) {
    constexpr double kMagic = 6755399441055744.0;
    volatile double shifted = x + kMagic;  // volatile: the addition must not be optimized away
    return shifted - kMagic;
}

double power_of_two(int n) { return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52); }

// y·2^n for y near 1, rounded once into subnormals.
double scaled(double y, int n) { return y * power_of_two(n / 2) * power_of_two(n - n / 2); }

// x = m·2^k with √½ <= m < √2, for x > 0.
double split(double x, int& k) {
    k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    bits += 0x3ff0000000000000u - 0x3fe6a09e00000000u;
    k += static_cast<int>(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffu) + 0x3fe6a09e00000000u;
    return std::bit_cast<double>(bits);
}

// sin and cos of a + b for |a| <= π/4 and |b| <= ulp(a).
double sin_near(double a, double b) {
    const double z = a * a;
    const double r = 8.33333333332248946124e-03 +
                     z * (-1.98412698298579493134e-04 +
                          z * (2.75573137070700676789e-06 +
                               z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    const double v = z * a;
    return a - ((z * (0.5 * b - v * r) - b) - v * -1.66666666666666324348e-01);
}

double cos_near(double a, double b) {
    const double z = a * a;
    const double r =
        z * (4.16666666666666019037e-02 +
             z * (-1.38888888888741095749e-03 +
                  z * (2.48015872894767294178e-05 +
                       z * (-2.75573143513906633035e-07 +
                            z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const double half = 0.5 * z;
    const double w = 1.0 - half;
    return w + (((1.0 - w) - half) + (z * r - a * b));
}

// The quadrant of x, and the remainder a + b of x - quadrant·π/2. π/2 is split into two parts of 33 bits and
// a tail.
int quadrant(double x, double& a, double& b) {
    const double n = nearest(x * 6.36619772367581382433e-01);
    const double t = x - n * 1.57079632673412561417e+00;
    const double w = n * 6.07710050630396597660e-11;
    const double r = t - w;
    const double tail = n * 2.02226624879595063154e-21 - ((t - r) - w);
    a = r - tail;
    b = (r - a) - tail;
    return static_cast<int>(static_cast<std::int64_t>(n) & 3);
}

double sin_in(int quadrant, double a, double b) {
    const double v = quadrant & 1 ? cos_near(a, b) : sin_near(a, b);
    return quadrant & 2 ? -v : v;
}

}  // namespace

double sqrt(double x) { return std::sqrt(x); }

double exp(double x) {
    if (x != x) return x;
    if (x > 709.782712893384) return kInfinity;
    if (x < -745.1332191019412) return 0.0;
    const double k = nearest(x * 1.44269504088896338700);
    const double hi = x - k * kLn2Hi;
    const double lo = k * kLn2Lo;
    const double r = hi - lo;
    const double t = r * r;
    const double c = r - t * (1.66666666666666019037e-01 +
                              t * (-2.77777777770155933842e-03 +
                                   t * (6.61375632143793436117e-05 +
                                        t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    return scaled(1.0 - ((lo - (r * c) / (2.0 - c)) - hi), static_cast<int>(k));
}

double log(double x) {
    if (x != x || x == kInfinity) return x;
    if (x <= 0.0) return x == 0.0 ? -kInfinity : kNan;
    int exponent;
    const double f = split(x, exponent) - 1.0;
    const double k = exponent;
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double w = z * z;
    const double even =
        w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    const double half = 0.5 * f * f;
    return k * kLn2Hi - ((half - (s * (half + (even + odd)) + k * kLn2Lo)) - f);
}

double cos(double x) {
    double a, b;
    if (!(x - x == 0.0)) return kNan;
    const int q = quadrant(x, a, b);
    return sin_in(q + 1, a, b);
}

void sincos_turns(double turns, double& s, double& c) {
    const double n = nearest(4.0 * turns);
    const double a = (4.0 * turns - n) * 1.57079632679489655800e+00;
    const int q = static_cast<int>(static_cast<std::int64_t>(n) & 3);
    s = sin_in(q, a, 0.0);
    c = sin_in(q + 1, a, 0.0);
}

}  // namespace ds::scalar_math
