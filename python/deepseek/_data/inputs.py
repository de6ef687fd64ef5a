"""Validation of inputs: anything that holds real numbers becomes a C-contiguous array of the engine's type.

An array that already has this form is used in place: it is never copied and never written. Every other value
is converted once. Frames and tensors of other libraries are read through ``__array__``, ``to_numpy`` or
DLPack; none of these libraries is imported. An error about NaN or infinity names the row and column.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .columns import check_dates, describe, expected, is_frame

Array = NDArray[Any]

ErrorLocation = Callable[..., str]
"""Maps (row) or (row, column) of an array to a description of that position in the user's data, for messages."""


def in_rows(row: int, column: int | None = None) -> str:
    """Position of a value as "row i, column j"."""
    return f"row {row}" if column is None else f"row {row}, column {column}"


def as_matrix(X: Any, dtype: np.dtype[Any], columns: int, name: str = "X", *, empty: bool = False) -> Array:
    """Return X as a C-contiguous (rows, columns) array of `dtype` in which every value is finite.

    Parameters
    ----------
    X : array-like of shape (rows, columns)
        Real numbers of any type and layout.
    dtype : dtype
        Element type of the result, float32 or float64.
    columns : int
        Required number of columns.
    name : str, default="X"
        Name of the argument in error messages.
    empty : bool, default=False
        Whether zero rows are accepted.

    Returns
    -------
    ndarray of shape (rows, columns)
        X itself where it already has this form.

    Raises
    ------
    TypeError
        If X holds anything but real numbers.
    ValueError
        If X has another shape, or holds NaN or infinity; the message names row and column.
    """
    array = as_array(X, name)
    check_matrix(array.shape, columns, name, empty=empty)
    return as_finite(array, dtype, name)


def as_array(value: Any, name: str) -> Array:
    """Return an array-like of real numbers as a plain ndarray; its real dtype and its layout are kept."""
    array = value if type(value) is np.ndarray else _converted(value, name)
    if array.dtype.kind in "fiub" or _is_small_float(array.dtype):
        return array
    raise TypeError(f"{name}: got {describe(value, array)}; {expected(name)}")


def as_finite(array: Array, dtype: np.dtype[Any], name: str, location: ErrorLocation = in_rows) -> Array:
    """Return a real array as C-contiguous, aligned and native `dtype`.

    Raises
    ------
    ValueError
        If a value is NaN or infinite, or exceeds the range of `dtype`.
    """
    cast = as_type(array, dtype)
    if array.dtype.kind in "iub":
        return cast
    bad = _core.check_finite(cast)
    if bad is not None:
        at = bad if array.ndim > 1 else bad[:1]
        raise ValueError(not_finite(array[at], at, dtype, name, location))
    return cast


def as_type(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return a real array as C-contiguous, aligned and native `dtype`: itself where it already is."""
    if array.dtype is dtype and array.flags.carray:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        return np.require(array, dtype, ("C_CONTIGUOUS", "ALIGNED"))


def check_matrix(shape: tuple[int, ...], columns: int, name: str, *, empty: bool = False) -> None:
    """Raise ValueError for any shape but (rows, columns)."""
    if len(shape) != 2:
        raise ValueError(
            f"{name}: got shape {shape}; expected 2-D (rows, columns). {_advice(shape, columns, name)}"
        )
    if shape[1] != columns:
        raise ValueError(f"{name}: got {shape[1]} columns; expected {columns}, one per input of the model")
    if shape[0] == 0 and not empty:
        raise ValueError(f"{name}: got no rows, shape {shape}; expected at least one")


def not_finite(
    value: Any, at: tuple[int, ...], dtype: np.dtype[Any], name: str, location: ErrorLocation = in_rows
) -> str:
    """Message about a NaN, an infinity, or a number beyond the range of `dtype`."""
    if np.isfinite(value):
        return f"{name}: got {value:g} in {location(*at)}, which is too large for {dtype}; expected smaller numbers"
    return f"{name}: got {float(value)} in {location(*at)}; expected finite numbers"


def _advice(shape: tuple[int, ...], columns: int, name: str) -> str:
    if len(shape) == 1:
        return f"Use {name}.reshape({'-1, 1' if columns == 1 else '1, -1'}) for " + (
            "rows of one number" if columns == 1 else "a single row"
        )
    return (
        f"Use {name}.reshape(len({name}), -1) to flatten each row"
        if len(shape) > 2
        else f"Use [[{name}]] for one row of one number"
    )


def _converted(value: Any, name: str) -> Array:
    """Return np.asarray(value) for a value that is no plain ndarray; every error names the argument."""
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(f"{name}: got masked values; expected none (fill or drop them first)")
        return np.asarray(value.data)
    if is_frame(value):
        check_dates(value, name)
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name}: got a sparse matrix; expected a dense array (use {name}.toarray())")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # some libraries warn where others raise
            array = _foreign(value)
    except Exception as error:
        message = (
            f"{name}: got a value of type {type(value).__name__}; expected an array of numbers ({error})"
        )
        raise (ValueError if isinstance(error, ValueError) else TypeError)(message) from error
    if array.ndim == 0 and array.dtype.kind == "O":
        raise TypeError(f"{name}: got a value of type {type(value).__name__}; expected an array of numbers")
    return array


def _foreign(value: Any) -> Array:
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    array = np.asarray(value)
    if array.dtype.kind == "O" and hasattr(value, "to_numpy") and _all_numeric(value):
        array = np.asarray(value.to_numpy(dtype="float64", na_value=np.nan))  # pandas' nullable columns
    return array


def _all_numeric(frame: Any) -> bool:
    kinds = (
        [getattr(d, "kind", "O") for d in getattr(frame, "dtypes", [])] if hasattr(frame, "columns") else []
    )
    kinds = kinds or [getattr(getattr(frame, "dtype", None), "kind", "O")]
    return all(kind in "fiub" for kind in kinds)


def _is_small_float(dtype: np.dtype[Any]) -> bool:
    """Whether the type is a float that NumPy itself does not define, such as bfloat16 of ml_dtypes."""
    return (
        dtype.kind == "V"
        and dtype.names is None
        and dtype.subdtype is None
        and np.can_cast(dtype, np.float64)
    )
