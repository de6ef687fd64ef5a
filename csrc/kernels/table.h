// Everything an instruction set offers, as one table of function pointers. kernels.cpp is compiled once per
// instruction set and exports one table each; backend/cpu/registry chooses among them at run time.
#pragma once
#include "kernels/elementwise/elementwise_table.h"
#include "kernels/elementwise/reduce_table.h"
#include "kernels/embedding/embedding_table.h"
#include "kernels/gan/gan_table.h"
#include "kernels/gemm/gemm_table.h"
#include "kernels/loss/loss_table.h"
#include "kernels/machine_table.h"
#include "kernels/norm/norm_table.h"
#include "kernels/optimizer/optimizer_table.h"
#include "kernels/random/random_table.h"
#include "kernels/recurrent/cell_table.h"
#include "kernels/recurrent/pooling_table.h"
#include "kernels/sparse/sparse_table.h"
#include "kernels/step/step_table.h"

namespace ds {

template <class T>
struct KernelsOf {
    GemmKernels<T> gemm;
    PointwiseKernels<T> pointwise;
    ReduceKernels<T> reduce;
    LossKernels<T> loss;
    NormKernels<T> norm;
    OptimizerKernels<T> optimizer;
    RandomKernels<T> random;
    CellKernels<T> cell;
    PoolKernels<T> pool;
    GanKernels<T> gan;
    EmbeddingKernels<T> embedding;
    SparseKernels<T> sparse;
    StepKernels<T> step;
    MachineKernels<T> machine;
};

struct KernelTable {
    const char* name;
    KernelsOf<float> f32;
    KernelsOf<double> f64;
};

template <class T>
const KernelsOf<T>& kernels_of(const KernelTable& table);
template <>
inline const KernelsOf<float>& kernels_of<float>(const KernelTable& table) {
    return table.f32;
}
template <>
inline const KernelsOf<double>& kernels_of<double>(const KernelTable& table) {
    return table.f64;
}

const KernelTable* kernel_table_scalar();
const KernelTable* kernel_table_baseline();
const KernelTable* kernel_table_avx2();
const KernelTable* kernel_table_avx512();
const KernelTable* kernel_table_neon();
const KernelTable* kernel_table_cuda();  // of the emulator in tests/cuda, in builds for tests only

}  // namespace ds
