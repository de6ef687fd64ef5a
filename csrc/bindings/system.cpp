// The machine, the instruction set in use, the number of threads, and the check for NaN and infinity.
#include <pybind11/stl.h>
#include "backend/cpu/registry.h"

#include "bindings/array.h"
#include "bindings/bind.h"
#include "core/cpu.h"
#include "core/threads/thread_pool.h"

namespace ds {
namespace {

py::dict cpu_dict() {
    const CpuInfo& cpu = cpu_info();
    return py::dict(py::arg("vendor") = cpu.vendor, py::arg("brand") = cpu.brand,
                    py::arg("features") = py::cast(cpu.features), py::arg("l1d") = cpu.l1d,
                    py::arg("l2") = cpu.l2, py::arg("l3") = cpu.l3, py::arg("cores") = cpu.cores);
}

py::list isa_names() {
    py::list names;
    for (const KernelTable* table : usable_kernels()) names.append(table->name);
    return names;
}

constexpr Index kFiniteBlock =
    4096;  // large enough for full memory speed, small enough to search element by element

// Index of the first NaN or infinity, or -1.
template <class T>
Index first_not_finite(const T* x, Index n) {
    const auto finite = kernels_of<T>(active_kernels()).pointwise.finite;
    for (Index begin = 0; begin < n; begin += kFiniteBlock) {
        const Index size = n - begin < kFiniteBlock ? n - begin : kFiniteBlock;
        if (finite(x + begin, size)) continue;
        for (Index i = begin;; ++i)
            if (!finite(x + i, 1)) return i;
    }
    return -1;
}

py::object check_finite(const py::object& object) {
    const bool is_double = py::isinstance<py::array_t<double>>(object);
    const int ndim = py::isinstance<py::array>(object)
                         ? static_cast<int>(py::reinterpret_borrow<py::array>(object).ndim())
                         : 0;
    const py::array a = is_double ? require<double>(object, ndim, "X") : require<float>(object, ndim, "X");
    if (ndim < 1 || ndim > 2) throw ValueError(error_text("X", describe(a), "1 or 2 dimensions"));
    const Index n = a.size();
    const void* p = a.data();
    Index at = -1;
    {
        const py::gil_scoped_release release;
        at = is_double ? first_not_finite(static_cast<const double*>(p), n)
                       : first_not_finite(static_cast<const float*>(p), n);
    }
    if (at < 0) return py::none();
    const Index cols = ndim == 2 ? a.shape(1) : 1;
    return py::make_tuple(at / cols, at % cols);
}

}  // namespace

void bind_system(py::module_& m) {
    m.def("cpu_info", &cpu_dict,
          "Return vendor, name, features, cache sizes in bytes and number of usable cores.");
    m.def("isas", &isa_names, "Return the instruction sets of this machine, fastest first.");
    m.def("isa", [] { return active_kernels().name; }, "Return the instruction set in use.");
    m.def(
        "force_isa",
        [](const py::object& name) { force_isa(name.is_none() ? "" : py::cast<std::string>(name)); },
        py::arg("name"),
        "Use this instruction set from now on; None: that of DEEPSEEK_ISA, else the fastest.");
    m.def("set_num_threads", &set_num_threads, py::arg("n"),
          "Set the number of threads of models that have none of their own.");
    m.def("get_num_threads", &get_num_threads,
          "Return the number of threads of models that have none of their own.");
    m.def("share_small_work", &share_small_work, py::arg("always"),
          "For tests: divide even the smallest work among all workers.");
    m.def("thread_pool_size", &thread_pool_size,
          "Return the number of live worker threads, without the callers.");
    m.def("check_finite", &check_finite, py::arg("X"),
          "Return (row, column) of the first NaN or infinity, or None.");
}

}  // namespace ds
