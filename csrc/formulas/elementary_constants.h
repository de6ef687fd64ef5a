// The numbers in the elementary functions: how far arguments reach, ln(2) in parts, polynomial coefficients.
// The polynomials are minimax fits by Remez exchange in the relative error of the whole function;
// coefficients are rounded one after the other from the lowest, the others fitted anew each time. Their own
// error is below 0.03 units of the last place, except expm1 in float (0.24) and kErfSmall in double (0.14).
#pragma once
#include <cstdint>

#include "simd/isa.h"

DS_ISA_BEGIN

template <class T>
struct Elementary;

template <>
struct Elementary<float> {
    static constexpr float kLog2e = 1.44269504f;
    static constexpr float kLn2 = 0.693147182f;
    static constexpr float kLn2High = 0.693359375f;  // n * kLn2High is exact
    static constexpr float kLn2Low = -2.12194440e-4f;
    static constexpr float kTanhLn2High = kLn2, kTanhLn2Low = 0.0f;  // n is small, and kLn2 rounds well
    static constexpr float kMagic = 12582912.0f;                     // 1.5 * 2^23
    static constexpr float kExpMin = -104.0f, kExpMax = 89.0f, kExpm1Min = -20.0f, kTanhMax = 9.1f;
    static constexpr float kSmallest = 1.17549435e-38f, kRescale = 33554432.0f, kRescaleLog = 25.0f;
    static constexpr std::int32_t kMantissaStart =
        0x3f3504f3;                                    // sqrt(1/2): mantissas lie in [sqrt(1/2), sqrt(2))
    static constexpr float kLog1pExact = 33554432.0f;  // from here on log1p(x) is log(x)
    // (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2
    static constexpr float kExpm1[] = {0.49999997f, 0.16666539f, 0.0416677482f, 0.00836708955f,
                                       0.00138377969f};
    // the same in r / 2, for (e^2r - 1) / 2
    static constexpr float kExpm1Half[] = {2 * kExpm1[0], 4 * kExpm1[1], 8 * kExpm1[2], 16 * kExpm1[3],
                                           32 * kExpm1[4]};
    // (log(1 + f) - f + f^2 / 2) / f^3
    static constexpr float kLog[] = {0.333333105f,  -0.25000006f, 0.200022817f,  -0.166683882f, 0.142160922f,
                                     -0.123950474f, 0.11906191f,  -0.117560849f, 0.0680496246f};
    static constexpr float kErfCut = 0.95f, kErfMax = 4.0f, kErfShift = 0.0f;
    // erf(x) / x - 1 in x^2, below the cut
    static constexpr float kErfSmall[] = {0.128379166f,   -0.376126289f,    0.112836257f,  -0.0268557407f,
                                          0.00519246049f, -0.000805080403f, 8.00277485e-5f};
    // log(1 - erf(x)) in x - kErfShift, above it
    static constexpr float kErfLarge[] = {-0.000244728115f, -1.1274749f,     -0.637517214f,  -0.103640035f,
                                          0.0220874101f,    -0.00300844223f, 0.000192410633f};
};

template <>
struct Elementary<double> {
    static constexpr double kLog2e = 1.4426950408889634;
    static constexpr double kLn2 = 0.69314718055994531;
    static constexpr double kLn2High = 6.93147180369123816490e-01;
    static constexpr double kLn2Low = 1.90821492927058770002e-10;
    static constexpr double kTanhLn2High = kLn2High, kTanhLn2Low = kLn2Low;
    static constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double kExpMin = -746.0, kExpMax = 710.0, kExpm1Min = -40.0, kTanhMax = 19.1;
    static constexpr double kSmallest = 2.2250738585072014e-308, kRescale = 18014398509481984.0,
                            kRescaleLog = 54.0;
    static constexpr std::int64_t kMantissaStart = 0x3fe6a09e667f3bcd;
    static constexpr double kLog1pExact = 18014398509481984.0;
    static constexpr double kExpm1[] = {0.5,
                                        0.16666666666666677,
                                        0.041666666666666692,
                                        0.008333333333321799,
                                        0.0013888888888890286,
                                        0.0001984126988524951,
                                        2.4801587284413393e-5,
                                        2.7557245309959303e-6,
                                        2.7557326848768046e-7,
                                        2.5108618393918926e-8,
                                        2.0894179306287909e-9};
    static constexpr double kExpm1Half[] = {
        2 * kExpm1[0],   4 * kExpm1[1],   8 * kExpm1[2],   16 * kExpm1[3],   32 * kExpm1[4],   64 * kExpm1[5],
        128 * kExpm1[6], 256 * kExpm1[7], 512 * kExpm1[8], 1024 * kExpm1[9], 2048 * kExpm1[10]};
    static constexpr double kLog[] = {
        0.33333333333333504,  -0.24999999999998737,  0.19999999999926199,  -0.16666666666937138,
        0.14285714296403326,  -0.1249999998270418,   0.11111110359884087,  -0.1000000018446124,
        0.090909386496228206, -0.083333566053064578, 0.076916200202232235, -0.071417210757910105,
        0.066760479007016954, -0.062735825862809999, 0.058149607153022219, -0.053010876077981113,
        0.053996258921120151, -0.063386487564642394, 0.058058232590865406, -0.024763628490441586};
    static constexpr double kErfCut = 1.0, kErfMax = 6.0, kErfShift = 1.0;
    static constexpr double kErfSmall[] = {
        0.12837916709551259,   -0.37612638903184098,    0.11283791670971095,    -0.026866170648029899,
        0.0052239776526748945, -0.00085483285344860251, 0.00012055386135320702, -1.4926879839125548e-5,
        1.6481029347024321e-6, -1.655678232850087e-7,   1.601067793173739e-8,   -1.6454110420529507e-9,
        1.4324352976682869e-10};
    static constexpr double kErfLarge[] = {
        -1.8496055099332482,    -2.6389675142347957,     -0.84310725635820472,   -0.041561098053350072,
        0.010033825519563822,   -0.0019779036537829375,  0.00023732774886524985, 2.6260352216258918e-5,
        -2.7117588340718962e-5, 9.536954406802116e-6,    -1.9670214246986541e-6, 5.2961866982381214e-8,
        1.6338387258777346e-7,  -8.8388193015797915e-8,  2.9913677597652629e-8,  -7.4096570088261111e-9,
        1.3475428637910153e-9,  -1.7053442931647925e-10, 1.336796792229215e-11,  -4.8648499719861e-13};
};

DS_ISA_END
