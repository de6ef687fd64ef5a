"""Columns of a table of any library, for the encoders of features and for those of generators.

A table is a frame of pandas or polars, a table of pyarrow, a dictionary of columns, a list of dictionaries, a
structured array, a two-dimensional array or a list of rows. No library is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Container(NamedTuple):
    """Columns of a table, and the kind of table they came from.

    Attributes
    ----------
    kind : {"pandas", "polars", "pyarrow", "dict", "rows", "records", "array"}
        Library of a frame; "rows" is a list of dictionaries, "records" a structured array.
    columns : list of (name, values)
        Names are those of the table, or 0, 1, … for an array. Values are a column of the library, an array of
        shape (rows,), or the value of a dictionary as it is.
    """

    kind: str
    columns: list[tuple[Any, Any]]


def library_of(values: Any) -> str | None:
    """Return "pandas", "polars" or "pyarrow" for an object of their classes or of a derived class, else None."""
    roots = (kind.__module__.partition(".")[0] for kind in type(values).__mro__)
    return next((root for root in roots if root in ("pandas", "polars", "pyarrow")), None)


def open_table(table: Any, argument: str = "X") -> Container:
    """Return the columns of a table.

    Parameters
    ----------
    table : frame, dictionary, array or list of rows
        Table of any supported library.
    argument : str, default="X"
        Name of the argument in error messages.

    Raises
    ------
    TypeError
        If the value is a frame of another library or a sparse matrix.
    ValueError
        If the table has no rows or columns, or columns of different lengths.
    """
    result = _open(table, argument)
    lengths = {name: len(values) if hasattr(values, "__len__") else 1 for name, values in result.columns}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{argument}: got columns of lengths {lengths}; expected equal lengths")
    if not any(lengths.values()):
        raise ValueError(f"{argument}: got {len(lengths)} columns without rows; expected rows and columns")
    return result


def _open(table: Any, argument: str) -> Container:
    library = library_of(table)
    if library is not None and hasattr(table, "columns"):
        if library == "pandas":
            return Container(library, [(label, table.iloc[:, i]) for i, label in enumerate(table.columns)])
        if library == "pyarrow":
            return Container(library, list(zip(table.column_names, table.columns, strict=True)))
        return Container(library, [(name, table[name]) for name in table.columns])
    if isinstance(table, Mapping):
        return Container("dict", list(table.items()))
    if isinstance(table, (list, tuple)) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        return Container("rows", [(name, [row.get(name) for row in table]) for name in names])
    array = two_dimensional(table, argument)
    if array.dtype.names:
        return Container("records", [(name, array[name]) for name in array.dtype.names])
    return Container("array", [(i, array[:, i]) for i in range(array.shape[1])])


def two_dimensional(table: Any, argument: str) -> Array:
    """Return a value as a structured array of shape (rows,) or an array of shape (rows, columns)."""
    if isinstance(table, np.ma.MaskedArray):
        table = unmasked(table)
    if not isinstance(table, (np.ndarray, list, tuple)):
        if hasattr(table, "columns"):
            raise TypeError(
                f"{argument}: got a {type(table).__module__}.{type(table).__name__}; expected an array, a dictionary "
                "of columns, or a frame of pandas or polars (most frames have to_pandas())"
            )
        if hasattr(table, "toarray"):
            raise TypeError(f"{argument}: got a sparse {type(table).__name__}; expected a dense table")
    try:
        array = np.asarray(table)
        if not isinstance(table, np.ndarray) and array.dtype.kind == "U":
            array = np.array(table, object)  # keeps [[1, "a"]] a number and a text instead of two texts
    except ValueError as error:
        raise ValueError(
            f"{argument}: got rows of different lengths; expected equal lengths ({error})"
        ) from None
    if array.ndim != (1 if array.dtype.names else 2):
        raise ValueError(
            f"{argument}: got shape {array.shape}; expected 2-D (rows, columns), a dictionary or a frame"
        )
    return array


def unmasked(array: np.ma.MaskedArray[Any, Any]) -> Array:
    """Return a masked array as a plain one; if anything is masked, as objects with None there."""
    masked = np.ma.getmaskarray(array)
    plain = np.array(array.data, object if masked.any() else None)
    plain[masked] = None
    return plain
