"""Columns of frames as NumPy arrays, with missing values as NaN, NaT or None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .cells import Array
from .containers import library_of, unmasked

_POLARS_NUMPY = ("Int", "UInt", "Float", "Date", "Datetime", "Duration")


def read_series(values: Any) -> tuple[Array, bool]:
    """Return a column of any library as an array, and whether it is declared as categories.

    Parameters
    ----------
    values : Series, array or list
        Column of a frame of pandas or polars, of a table of pyarrow, or of a dictionary.

    Returns
    -------
    ndarray
        Numbers keep their dtype, or are float64 with NaN where missing; dates are datetime64; all other values are
        objects.
    """
    match library_of(values):
        case "pandas":
            return _pandas(values)
        case "polars":
            return _polars(values)
        case "pyarrow":
            return _pyarrow(values)
    if isinstance(values, np.ma.MaskedArray):
        return unmasked(values), False
    if isinstance(values, np.ndarray):
        return values, False
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        return objects(values), False
    return (np.array(values, object) if array.dtype.kind == "U" else array), False


def _pandas(series: Any) -> tuple[Array, bool]:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy(), False
    if hasattr(dtype, "tz"):
        return getattr(series, "dt", series).tz_localize(None).to_numpy(), False  # an index has no dt
    if hasattr(dtype, "categories"):
        return objects(series.astype(object).tolist()), True
    if getattr(dtype, "kind", "O") in "iuf":
        return series.to_numpy("float64", na_value=np.nan), False
    return series.to_numpy(object), False


def _polars(series: Any) -> tuple[Array, bool]:
    kind = str(series.dtype).partition("(")[0]
    if kind.rstrip("0123456789") in _POLARS_NUMPY:
        return series.to_numpy(), False
    return objects(series.to_list()), kind in ("Categorical", "Enum")


def _pyarrow(column: Any) -> tuple[Array, bool]:
    kind = str(column.type)
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "timestamp", "duration")):
        chunked = hasattr(column, "chunks")
        return column.to_numpy() if chunked else column.to_numpy(zero_copy_only=False), False
    return objects(column.to_pylist()), kind.startswith("dictionary")


def objects(items: Sequence[Any]) -> Array:
    """Return values of any types as an array of objects, shape (items,)."""
    array = np.empty(len(items), object)
    array[:] = items
    return array
