// One source, compiled once per instruction set (DS_ISA names it): its whole content but the exported
// function has internal linkage, so that no copy made for a new CPU can be the one the linker keeps for an
// old one.
#include "kernels/elementwise/elementwise.h"
#include "kernels/elementwise/reduce.h"
#include "kernels/embedding/periodic.h"
#include "kernels/gan/gan.h"
#include "kernels/gemm/gemm.h"
#include "kernels/loss/loss.h"
#include "kernels/machine.h"
#include "kernels/norm/norm.h"
#include "kernels/optimizer/optimizer_kernels.h"
#include "kernels/random/random.h"
#include "kernels/recurrent/cell.h"
#include "kernels/recurrent/pooling.h"
#include "kernels/sparse/sparse.h"
#include "kernels/step/step.h"
#include "kernels/table.h"

DS_ISA_BEGIN

template <class T>
constexpr KernelsOf<T> kernels() {
    return {gemm_kernels<T>(), pointwise_kernels<T>(), reduce_kernels<T>(),    loss_kernels<T>(),
            norm_kernels<T>(), optimizer_kernels<T>(), random_kernels<T>(),    cell_kernels<T>(),
            pool_kernels<T>(), gan_kernels<T>(),       embedding_kernels<T>(), sparse_kernels<T>(),
            step_kernels<T>(), machine_kernels<T>()};
}

DS_ISA_END

#define DS_NAME_OF(isa) #isa
#define DS_NAME(isa) DS_NAME_OF(isa)
#define DS_TABLE_OF(isa) kernel_table_##isa
#define DS_TABLE(isa) DS_TABLE_OF(isa)

namespace ds {

const KernelTable* DS_TABLE(DS_ISA)() {
    static constexpr KernelTable table{DS_NAME(DS_ISA), DS_ISA::kernels<float>(), DS_ISA::kernels<double>()};
    return &table;
}

}  // namespace ds
