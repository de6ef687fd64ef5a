// 32 x 32 → 64-bit products, the only integer multiplication that Philox needs. The upper halves of the
// 64-bit lanes are ignored, so a product can be a factor of the next one.
#pragma once
#include "simd/vec.h"

DS_ISA_BEGIN

DS_INLINE IVec<double> wide_product(IVec<double> a, std::uint32_t m) {
#if defined(DS_ISA_AVX512)
    return IVec<double>::of(
        (Native<double>::IntReg)_mm512_maskz_mul_epu32(0xff, (__m512i)a.r, _mm512_set1_epi64(m)));
#elif defined(DS_ISA_AVX2)
    return IVec<double>::of((Native<double>::IntReg)_mm256_mul_epu32((__m256i)a.r, _mm256_set1_epi64x(m)));
#elif defined(DS_ISA_BASELINE)
    return IVec<double>::of((Native<double>::IntReg)_mm_mul_epu32((__m128i)a.r, _mm_set1_epi64x(m)));
#elif defined(DS_ISA_NEON)
    return IVec<double>::of((Native<double>::IntReg)vmull_u32(vmovn_u64((uint64x2_t)a.r), vdup_n_u32(m)));
#else
    return IVec<double>(std::int64_t(std::uint64_t(std::uint32_t(a.r)) * m));
#endif
}

DS_ISA_END
