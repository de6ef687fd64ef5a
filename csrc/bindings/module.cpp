// deepseek._core: the compiled module of the package.
#include <pybind11/pybind11.h>

#include "backend/cpu/registry.h"
#include "bindings/bind.h"
#include "core/check.h"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() = "The engine of deepseek: kernels, layers and the training loop.";
    m.attr("__version__") = DEEPSEEK_VERSION;
    pybind11::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const ds::ValueError& e) {
            pybind11::set_error(PyExc_ValueError, e.what());
        }
    });
    ds::active_kernels();  // so that a wrong DEEPSEEK_ISA fails at import, not in the first fit
    ds::bind_system(m);
    ds::bind_traits(m);
    ds::bind_sparse(m);
    ds::bind_kernels(m);
    ds::bind_net_core(m);
    ds::bind_net_fits(m);
    ds::bind_rec_core(m);
    ds::bind_gen_core(m);
    ds::bind_csv(m);
    ds::bind_ngrams(m);
    ds::bind_plugin(m);
}
