// What the machine is, which instruction set computes, how many threads; and the check for NaN and infinity.
#include <pybind11/stl.h>
#include "backend/registry.h"

#include "bindings/array.h"
#include "bindings/bind.h"
#include "core/cpu.h"
#include "core/team.h"

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
    4096;  // small enough to find the place in, large enough to run at the memory's speed

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
    if (ndim < 1 || ndim > 2) throw ValueError("X: expected 1 or 2 dimensions, got " + describe(a));
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
    m.def("cpu_info", &cpu_dict, "Vendor, name, features, cache sizes in bytes, usable cores.");
    m.def("isas", &isa_names, "Instruction sets usable here, the best first.");
    m.def("isa", [] { return active_kernels().name; }, "The instruction set in use.");
    m.def(
        "force_isa",
        [](const py::object& name) { force_isa(name.is_none() ? "" : py::cast<std::string>(name)); },
        py::arg("name"), "Compute with this instruction set from now on; None: DEEPSEEK_ISA's, or the best.");
    m.def("set_num_threads", &set_num_threads, py::arg("n"),
          "Workers of models that name no number of their own.");
    m.def("get_num_threads", &get_num_threads, "Workers of models that name no number of their own.");
    m.def("share_small_work", &share_small_work, py::arg("always"),
          "For tests: share work among all workers however small it is.");
    m.def("team_size", &team_size, "Worker threads alive now, besides the callers'.");
    m.def("check_finite", &check_finite, py::arg("X"),
          "(row, column) of the first NaN or infinity, or None.");
}

}  // namespace ds
