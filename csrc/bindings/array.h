// NumPy arrays at the door. The Python layer has already converted and checked them; this refuses anything it
// would be unsafe to read in place, with the argument's name. Nothing is cast silently.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "core/check.h"
#include "core/types.h"

namespace ds {

namespace py = pybind11;

template <class T>
constexpr char kind_of() {
    return std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
}

inline std::string describe(const py::array& a) {
    std::string text = py::cast<std::string>(py::str(a.dtype())) + " of shape (";
    for (py::ssize_t i = 0; i < a.ndim(); ++i) text += (i ? ", " : "") + std::to_string(a.shape(i));
    return text + ")";
}

constexpr int kInPlace = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};  // flags

// `object` as a C-contiguous, aligned array of T in native byte order with `ndim` dimensions.
template <class T>
py::array require(const py::handle& object, int ndim, const char* name) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error(std::string(name) + ": expected a NumPy array, got " +
                             py::cast<std::string>(py::str(py::type::handle_of(object).attr("__name__"))));
    auto a = py::reinterpret_borrow<py::array>(object);
    const py::dtype d = a.dtype();
    const bool native =
        d.byteorder() == '=' || d.byteorder() == '|' || d.byteorder() == py::dtype::of<T>().byteorder();
    if (d.kind() != kind_of<T>() || d.itemsize() != sizeof(T) || !native)
        throw py::type_error(std::string(name) + ": expected " +
                             py::cast<std::string>(py::str(py::dtype::of<T>())) + ", got " + describe(a));
    if (a.ndim() != ndim)
        throw ValueError(std::string(name) + ": expected " + std::to_string(ndim) + " dimensions, got " +
                         describe(a));
    if ((a.flags() & kInPlace) != kInPlace)
        throw ValueError(std::string(name) + ": expected a C-contiguous, aligned array, got " + describe(a));
    return a;
}

// Whether `object` is no more and no less than an array that require() takes as it is, of `cols` columns.
template <class T>
bool is_matrix(const py::object& object, Index cols) {
    if (!Py_IS_TYPE(object.ptr(), py::detail::npy_api::get().PyArray_Type_)) return false;
    const auto a = py::reinterpret_borrow<py::array>(object);
    return a.ndim() == 2 && a.shape(1) == cols && (a.flags() & kInPlace) == kInPlace &&
           a.dtype().is(py::dtype::of<T>());
}

template <class T>
const T* data(const py::array& a) {
    return static_cast<const T*>(a.data());
}

}  // namespace ds
