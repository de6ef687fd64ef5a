// deepseek._core.NetCore as other bindings use it.
#pragma once
#include "bindings/model.h"
#include "bindings/net_data.h"
#include "bindings/spec.h"

namespace ds {

struct BoundNet : BoundModel<NetCore, NetArrays> {
    BoundNet(const py::dict& spec, int device)
        : BoundModel(NetCore::make(net_spec_from_dict(spec), device)) {}

    void begin(const py::object& x, const py::object& y, const py::object& w, const py::object& xv,
               const py::object& yv, const py::object& wv, const py::dict& options);
    py::array predict(const py::object& x);
    // predict() for an array that needs no conversion, else None.
    py::object try_predict(const py::object& x);
    // Throws a ValueError for sparse rows that the model's device cannot take.
    void check_device(const NetArrays& arrays) const;
    double evaluate(const py::object& x, const py::object& y, const py::object& w);
};

}  // namespace ds
