"""Inputs at the door: anything that holds real numbers becomes a C-contiguous array of the engine's type.

Arrays that already are one are passed on as they are, never copied and never written. Everything else is
converted once. Frames and tensors of other libraries come through ``__array__``, ``to_numpy`` or DLPack; none
is imported. NaN and infinity are refused by row and column.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core

Array = NDArray[Any]

Place = Callable[..., str]
"""Says in words where (row) or (row, column) of an array is, in the user's terms."""


def in_rows(row: int, column: int | None = None) -> str:
    """The place of a value in rows and columns."""
    return f"row {row}" if column is None else f"row {row}, column {column}"


def as_matrix(X: Any, dtype: np.dtype[Any], columns: int, name: str = "X", *, empty: bool = False) -> Array:
    """A C-contiguous (rows, columns) array of `dtype`, all finite.

    Parameters
    ----------
    X : array-like of shape (rows, columns)
    dtype : dtype
        float32 or float64.
    columns : int
        How many there must be.
    name : str
        What messages call it.
    empty : bool
        Whether no rows are fine.

    Raises
    ------
    TypeError
        For anything but real numbers.
    ValueError
        For a wrong shape, or NaN or infinity, which is named by row and column.
    """
    array = as_array(X, name)
    check_matrix(array.shape, columns, name, empty=empty)
    return as_finite(array, dtype, name)


def as_array(value: Any, name: str) -> Array:
    """Any array-like of real numbers as a plain ndarray, of whatever real dtype and layout it has."""
    array = value if type(value) is np.ndarray else _converted(value, name)
    if array.dtype.kind in "fiub" or _is_small_float(array.dtype):
        return array
    what = {
        "c": "complex numbers",
        "O": "objects",
        "U": "text",
        "S": "text",
        "T": "text",
        "M": "dates",
        "m": "times",
    }
    held = what.get(array.dtype.kind, f"values of type {array.dtype}")
    raise TypeError(f"{name} must hold real numbers, got {held} (dtype {array.dtype})")


def as_finite(array: Array, dtype: np.dtype[Any], name: str, place: Place = in_rows) -> Array:
    """A real array as C-contiguous, aligned and native `dtype`; refuses NaN, infinity and what overflows."""
    cast = as_type(array, dtype)
    if array.dtype.kind in "iub":
        return cast
    bad = _core.check_finite(cast)
    if bad is not None:
        at = bad if array.ndim > 1 else bad[:1]
        raise ValueError(not_finite(array[at], at, dtype, name, place))
    return cast


def as_type(array: Array, dtype: np.dtype[Any]) -> Array:
    """A real array as C-contiguous, aligned and native `dtype`; itself if it is that already."""
    if array.dtype is dtype and array.flags.carray:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        return np.require(array, dtype, ("C_CONTIGUOUS", "ALIGNED"))


def check_matrix(shape: tuple[int, ...], columns: int, name: str, *, empty: bool = False) -> None:
    """Refuse any shape but (rows, columns)."""
    if len(shape) != 2:
        raise ValueError(
            f"{name} must be 2-D (rows, columns), got shape {shape}. {_advice(shape, columns, name)}"
        )
    if shape[1] != columns:
        raise ValueError(f"{name} must have {columns} columns, as many as the net has inputs; got {shape[1]}")
    if shape[0] == 0 and not empty:
        raise ValueError(f"{name} has no rows, shape {shape}")


def not_finite(
    value: Any, at: tuple[int, ...], dtype: np.dtype[Any], name: str, place: Place = in_rows
) -> str:
    """The message for a NaN, an infinity, or what `dtype` cannot hold."""
    if np.isfinite(value):
        return f"{name} has {value:g} in {place(*at)}, which is too large for {dtype}"
    return f"{name} has {float(value)} in {place(*at)}; only finite numbers can be used"


def _advice(shape: tuple[int, ...], columns: int, name: str) -> str:
    if len(shape) == 1:
        return f"Use {name}.reshape({'-1, 1' if columns == 1 else '1, -1'}) for " + (
            "rows of one number" if columns == 1 else "a single row"
        )
    return (
        f"Use {name}.reshape(len({name}), -1) to flatten each row"
        if len(shape) > 2
        else "It is a single number"
    )


def _converted(value: Any, name: str) -> Array:
    """np.asarray for strangers, with every failure named."""
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(f"{name} has masked values; fill or drop them first")
        return np.asarray(value.data)
    if hasattr(value, "tocsr"):
        raise TypeError(f"{name} is a sparse matrix, which is not supported; use {name}.toarray()")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # some libraries warn where others refuse
            array = _foreign(value)
    except Exception as error:
        message = f"{name} cannot be read as an array of numbers: {error}"
        raise (ValueError if isinstance(error, ValueError) else TypeError)(message) from error
    if array.ndim == 0 and array.dtype.kind == "O":
        raise TypeError(f"{name} must be an array of numbers, got {type(value).__name__}")
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
    """Floats that NumPy itself does not know, such as ml_dtypes' bfloat16."""
    return (
        dtype.kind == "V"
        and dtype.names is None
        and dtype.subdtype is None
        and np.can_cast(dtype, np.float64)
    )
