// The CUDA plug-in: loading it, and its devices.
#include "backend/plugin.h"

#include <pybind11/stl.h>

#include <tuple>

#include "bindings/array.h"
#include "bindings/bind.h"

namespace ds {

void bind_plugin(py::module_& m) {
    const auto devices = [] {
        std::vector<std::tuple<std::string, int, Index>> all;
        for (const PluginDevice& device : plugin_devices())
            all.emplace_back(device.name, device.capability, device.memory);
        return all;
    };
    m.def("load_cuda", &load_plugin, py::arg("path"), py::call_guard<py::gil_scoped_release>(),
          "Load the CUDA plug-in, unless one is loaded. Raise RuntimeError with the reason if it cannot be "
          "used.");
    m.def("cuda_devices", devices, py::call_guard<py::gil_scoped_release>(),
          "Return name, 10 times the compute capability, and bytes of memory of each CUDA device. The call "
          "starts "
          "CUDA. Raise RuntimeError with the reason if there is none.");
}

}  // namespace ds
