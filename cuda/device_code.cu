// All device code, compiled: one entry point per group of row kernels and precision, and the products.
// Nothing launches it yet; the build checks what nvcc makes of it (tests/cuda/ptx.py).
#include "cuda/cuda_language.h"
#include "cuda/product.h"
#include "cuda/row_kernels.h"

#define DS_ROW_KERNELS(name, Args)                                                    \
    extern "C" __global__ void name##_f32(int which, ds::DS_ISA::Args<float> args) {  \
        ds::DS_ISA::run_##name(which, args);                                          \
    }                                                                                 \
    extern "C" __global__ void name##_f64(int which, ds::DS_ISA::Args<double> args) { \
        ds::DS_ISA::run_##name(which, args);                                          \
    }

namespace ds::DS_ISA {
using ds::LossArgs;
using ds::PoolArgs;
}  // namespace ds::DS_ISA

DS_ROW_KERNELS(activation, ActivationArgs)
DS_ROW_KERNELS(elementwise, ArrayArgs)
DS_ROW_KERNELS(sum, SumArgs)
DS_ROW_KERNELS(reduce, ReduceArgs)
DS_ROW_KERNELS(loss, LossArgs)
DS_ROW_KERNELS(norm, NormArgs)
DS_ROW_KERNELS(update, UpdateCall)
DS_ROW_KERNELS(step, StepArgs)
DS_ROW_KERNELS(cell, CellArgs)
DS_ROW_KERNELS(pool, PoolArgs)
DS_ROW_KERNELS(gan_loss, GanLossCall)
DS_ROW_KERNELS(gan, GanArgs)
DS_ROW_KERNELS(input, InputArgs)
DS_ROW_KERNELS(random, RandomArgs)

#define DS_PRODUCT(name, T, kTransposedA, kTransposedB)                                    \
    extern "C" __global__ void name(ds::GemmArgs<T> args) {                                \
        __shared__ ds::DS_ISA::ProductTile<T, 64, 64> tile;                                \
        ds::DS_ISA::product<kTransposedA, kTransposedB>(args, tile, blockIdx.x, gridDim.x, \
                                                        ds::DS_ISA::NoEpilogue{});         \
    }
DS_PRODUCT(product_f32, float, false, false)
DS_PRODUCT(product_tn_f32, float, true, false)
DS_PRODUCT(product_nt_f32, float, false, true)
DS_PRODUCT(product_f64, double, false, false)
DS_PRODUCT(product_tn_f64, double, true, false)
DS_PRODUCT(product_nt_f64, double, false, true)
