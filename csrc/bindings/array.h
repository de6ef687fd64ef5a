// Validates NumPy arrays. The Python layer has converted them already; arrays that the engine cannot safely
// read in place raise an error with the argument's name. Nothing is cast silently.
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

// The text of an error.
inline std::string error_text(const std::string& name, const std::string& got, const std::string& expected) {
    return name + ": got " + got + "; expected " + expected;
}

inline std::string shape_text(const py::ssize_t* shape, py::ssize_t ndim) {
    std::string text = "(";
    for (py::ssize_t i = 0; i < ndim; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + ")";
}

inline std::string describe(const py::array& a) {
    return py::cast<std::string>(py::str(a.dtype())) + " of shape " + shape_text(a.shape(), a.ndim());
}

constexpr int kInPlace = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};  // flags

// `object` as a C-contiguous, aligned array of T in native byte order with `ndim` dimensions.
template <class T>
py::array require(const py::handle& object, int ndim, const char* name) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error(
            error_text(name, py::cast<std::string>(py::str(py::type::handle_of(object).attr("__name__"))),
                       "a NumPy array"));
    auto a = py::reinterpret_borrow<py::array>(object);
    const py::dtype d = a.dtype();
    const bool native =
        d.byteorder() == '=' || d.byteorder() == '|' || d.byteorder() == py::dtype::of<T>().byteorder();
    if (d.kind() != kind_of<T>() || d.itemsize() != sizeof(T) || !native)
        throw py::type_error(
            error_text(name, describe(a), py::cast<std::string>(py::str(py::dtype::of<T>()))));
    if (a.ndim() != ndim)
        throw ValueError(error_text(name, describe(a), std::to_string(ndim) + " dimensions"));
    if ((a.flags() & kInPlace) != kInPlace)
        throw ValueError(error_text(name, describe(a), "a C-contiguous, aligned array"));
    return a;
}

// Whether `object` is a matrix of `cols` columns that require() accepts, and exactly of NumPy's array type.
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
