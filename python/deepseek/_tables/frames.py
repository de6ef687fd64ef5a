"""Conversion between tables of several libraries and columns.

A table is a two-dimensional array, a list of rows, a structured array, a dictionary of columns, or a frame of
pandas or polars. The library of a frame is imported only to build a frame for a model that was fitted on one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from . import frames_pandas, frames_polars
from .containers import library_of, open_table
from .raw import Array, Config, Name, RawColumn, from_numpy, to_numpy

_LIBRARIES: dict[str, Any] = {"pandas": frames_pandas, "polars": frames_polars}


class Table(NamedTuple):
    """Columns of a table, and the kind of table they came from."""

    container: Config
    columns: list[RawColumn]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values)


def read(table: Any, name: str = "X") -> Table:
    """Read the columns of a table.

    Parameters
    ----------
    table : array, frame, dictionary or list of rows
        Table of any supported library.
    name : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    Table

    Raises
    ------
    TypeError
        If the value is no table, or a column holds values of an unsupported type.
    ValueError
        If there are no rows or columns, duplicate names, or columns of different lengths.
    """
    kind, parts = open_table(table, name)
    if kind in ("pyarrow", "rows"):
        got = {"pyarrow": "table of pyarrow", "rows": "list of dictionaries"}[kind]
        raise TypeError(
            f"{name}: got a {got}; expected an array, a dictionary of columns, or a frame of pandas or polars"
        )
    names = check_names([key for key, _ in parts], name)
    if kind in _LIBRARIES:
        source = _LIBRARIES[kind]
        columns = [source.read(values, key) for key, (_, values) in zip(names, parts, strict=True)]
        return Table({"kind": kind}, columns)
    arrays = [np.asarray(values) for _, values in parts]
    for key, array in zip(names, arrays, strict=True):
        if array.ndim != 1:
            raise ValueError(f"{name}[{key!r}]: got shape {array.shape}; expected one dimension")
    return Table({"kind": kind}, [from_numpy(array, key) for key, array in zip(names, arrays, strict=True)])


def build(container: Config, columns: list[tuple[RawColumn, Array, Array]]) -> Any:
    """Build a table of a given kind.

    Parameters
    ----------
    container : dict
        Kind of table, as `read` returned it.
    columns : list of (RawColumn, ndarray, ndarray)
        For each column the one that was read, its new values, and the mask of missing values.
    """
    kind = container["kind"]
    if kind in _LIBRARIES:
        library = import_module(kind)
        source = _LIBRARIES[kind]
        series = {raw.name: source.write(library, v, missing, raw.stored) for raw, v, missing in columns}
        return source.frame(library, series)
    arrays = [to_numpy(values, missing, raw.stored) for raw, values, missing in columns]
    names = [raw.name for raw, _, _ in columns]
    if kind == "dict":
        return dict(zip(names, arrays, strict=True))
    if kind == "records":
        records = np.empty(len(arrays[0]), [(str(n), a.dtype) for n, a in zip(names, arrays, strict=True)])
        for column, array in zip(names, arrays, strict=True):
            records[column] = array
        return records
    return np.stack(arrays, axis=1).astype(arrays[0].dtype, copy=False)  # stacking forgets the byte order


def read_values(values: Any, name: str) -> tuple[str, RawColumn]:
    """Read a single column: a Series, an array or a list. Return its library, or "array", and the column."""
    library = library_of(values)
    if library in _LIBRARIES:
        return library, _LIBRARIES[library].read(values, name)
    array = np.asarray(values)
    if not isinstance(values, np.ndarray) and array.dtype.kind == "U":
        array = np.array(values, object)
    if array.ndim != 1:
        raise ValueError(f"{name}: got shape {array.shape}; expected one dimension")
    return "array", from_numpy(array, name)


def build_values(library: str, values: Array, missing: Array, stored: Config) -> Any:
    """Build a Series or array like the one that `read_values` read."""
    if library == "array":
        return to_numpy(values, missing, stored)
    return _LIBRARIES[library].write(import_module(library), values, missing, stored)


def check_container(container: Any) -> Config:
    """Validate the container of a configuration; raise ValueError for a value that `read` does not produce."""
    kinds = ("array", "records", "dict", *_LIBRARIES)
    if container not in [{"kind": kind} for kind in kinds]:
        raise ValueError(f"container: got {container!r}; expected a kind of {', '.join(kinds)}")
    return dict(container)


def check_stored(kind: str, stored: Any) -> Config:
    """Validate the storage description of a column in a configuration."""
    if not isinstance(stored, dict):
        raise ValueError(f"stored: got {stored!r}; expected a dictionary")
    if "dtype" not in stored and kind in _LIBRARIES:
        if not isinstance(stored.get(kind), str):
            raise ValueError(f"stored: got {stored!r}; expected a dtype of {kind}")
    else:
        try:
            known = np.dtype(stored["dtype"]).kind in "fiubUMmO"
        except (KeyError, TypeError):
            known = False
        if not known:
            raise ValueError(f"stored: got {stored!r}; expected a dtype of numbers, text, dates or objects")
    return dict(stored)


def check_names(names: list[Any], table: str) -> list[Name]:
    """Validate column names: text or whole numbers, each once."""
    plain = [item.item() if isinstance(item, np.generic) else item for item in names]
    for item in plain:
        if not isinstance(item, (str, int)) or isinstance(item, bool):
            raise TypeError(f"{table}: got the column name {item!r}; expected text or whole numbers")
        if plain.count(item) > 1:
            raise ValueError(
                f"{table}: got {plain.count(item)} columns named {item!r}; expected different names"
            )
    return plain
