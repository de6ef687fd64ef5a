"""Tables of several libraries as columns, and columns as such tables again.

A table is a two-dimensional array, a list of rows, a structured array, a dictionary of columns, or a frame of pandas
or polars. A frame's library is never imported before a frame of it was met, or a model read that was fitted on one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from . import frames_pandas, frames_polars
from .raw import Array, Config, Name, Raw, from_numpy, to_numpy

_LIBRARIES: dict[str, Any] = {"pandas": frames_pandas, "polars": frames_polars}


class Table(NamedTuple):
    """The columns of a table, and what kind it is."""

    container: Config
    columns: list[Raw]

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0].values)


def read(table: Any, name: str = "X") -> Table:
    """The columns of a table.

    Parameters
    ----------
    table : array, frame, dictionary or list of rows
    name : str
        What messages call it.

    Raises
    ------
    TypeError
        If it is no table, or a column holds what cannot be learned.
    ValueError
        If it has no rows or columns, doubled names, or columns of different lengths.
    """
    library = library_of(table)
    if library:
        names = check_names(list(table.columns), name)
        source = _LIBRARIES[library]
        columns = [source.read(_at(table, place), column) for place, column in enumerate(names)]
        found = Table({"kind": library}, columns)
    elif isinstance(table, dict):
        arrays = {key: np.asarray(value) for key, value in table.items()}
        check_names(list(arrays), name)
        flat = [key for key, array in arrays.items() if array.ndim != 1]
        if flat:
            raise ValueError(
                f"{name}[{flat[0]!r}] must be one-dimensional, got shape {arrays[flat[0]].shape}"
            )
        found = Table({"kind": "dict"}, [from_numpy(array, key) for key, array in arrays.items()])
    else:
        found = _from_array(table, name)
    if not found.columns or not found.rows:
        raise ValueError(f"{name} must have rows and columns, got {len(found.columns)} columns without rows")
    if len({len(column.values) for column in found.columns}) > 1:
        lengths = {column.name: len(column.values) for column in found.columns}
        raise ValueError(f"{name}'s columns must be equally long, got {lengths}")
    return found


def build(container: Config, columns: list[tuple[Raw, Array, Array]]) -> Any:
    """The table of that kind: a column is what it was when the table was read, its new values, what is missing."""
    kind = container["kind"]
    if kind in _LIBRARIES:
        library = import_module(kind)
        source = _LIBRARIES[kind]
        made = {was.name: source.write(library, v, gone, was.stored) for was, v, gone in columns}
        return source.frame(library, made)
    arrays = [to_numpy(values, missing, was.stored) for was, values, missing in columns]
    names = [was.name for was, _, _ in columns]
    if kind == "dict":
        return dict(zip(names, arrays, strict=True))
    if kind == "records":
        records = np.empty(len(arrays[0]), [(str(n), a.dtype) for n, a in zip(names, arrays, strict=True)])
        for column, array in zip(names, arrays, strict=True):
            records[column] = array
        return records
    return np.stack(arrays, axis=1).astype(arrays[0].dtype, copy=False)  # stacking forgets the byte order


def read_values(values: Any, name: str) -> tuple[str, Raw]:
    """One column alone: a Series, an array or a list. Also says the library, or "array"."""
    library = library_of(values)
    if library:
        return library, _LIBRARIES[library].read(values, name)
    array = np.asarray(values)
    if not isinstance(values, np.ndarray) and array.dtype.kind == "U":
        array = np.array(values, object)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    return "array", from_numpy(array, name)


def build_values(library: str, values: Array, missing: Array, stored: Config) -> Any:
    """What `read_values` was given."""
    if library == "array":
        return to_numpy(values, missing, stored)
    return _LIBRARIES[library].write(import_module(library), values, missing, stored)


def library_of(table: Any) -> str | None:
    """pandas or polars, if the object is of a class of theirs or derived from one."""
    roots = (kind.__module__.partition(".")[0] for kind in type(table).__mro__)
    return next((root for root in roots if root in _LIBRARIES), None)


def check_container(container: Any) -> Config:
    """A container of a configuration; ValueError for what `read` does not give."""
    if container not in [{"kind": kind} for kind in ("array", "records", "dict", *_LIBRARIES)]:
        raise ValueError(f"container {container!r} is none of array, records, dict, {', '.join(_LIBRARIES)}")
    return dict(container)


def check_stored(kind: str, stored: Any) -> Config:
    """A column's way of being stored, of a configuration."""
    if not isinstance(stored, dict):
        raise ValueError(f"stored must be a dictionary, got {stored!r}")
    if "dtype" not in stored and kind in _LIBRARIES:
        if not isinstance(stored.get(kind), str):
            raise ValueError(f"stored has no dtype of {kind}: {stored!r}")
    else:
        try:
            known = np.dtype(stored["dtype"]).kind in "fiubUMmO"
        except (KeyError, TypeError):
            known = False
        if not known:
            raise ValueError(f"stored has no dtype of numbers, text, dates or objects: {stored!r}")
    return dict(stored)


def _at(frame: Any, place: int) -> Any:
    return frame.iloc[:, place] if hasattr(frame, "iloc") else frame[frame.columns[place]]


def check_names(names: list[Any], table: str) -> list[Name]:
    """Names, checked: text or whole numbers, each once."""
    plain = [item.item() if isinstance(item, np.generic) else item for item in names]
    for item in plain:
        if not isinstance(item, (str, int)) or isinstance(item, bool):
            raise TypeError(f"{table}'s column names must be text or whole numbers, got {item!r}")
        if plain.count(item) > 1:
            raise ValueError(f"{table} has {plain.count(item)} columns named {item!r}")
    return plain


def _from_array(table: Any, name: str) -> Table:
    if isinstance(table, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(table)
        table = np.array(table.data, object if masked.any() else None)
        table[masked] = None
    if not isinstance(table, (np.ndarray, list, tuple)) and hasattr(table, "columns"):
        raise TypeError(
            f"{name} is a {type(table).__module__}.{type(table).__name__}; expected an array, a dictionary of columns, "
            "or a frame of pandas or polars (most frames have to_pandas())"
        )
    try:
        array = np.asarray(table)
        if not isinstance(table, np.ndarray) and array.dtype.kind == "U":
            array = np.array(table, object)  # [[1, "a"]] is a number and a text, not two texts
    except ValueError as error:
        raise ValueError(f"{name} must be rows of equal length: {error}") from None
    if array.dtype.names and array.ndim == 1:
        columns = [from_numpy(array[field], field) for field in array.dtype.names]
        return Table({"kind": "records"}, columns)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be 2-D (rows, columns), a dictionary or a frame; got shape {array.shape}"
        )
    return Table({"kind": "array"}, [from_numpy(array[:, i], i) for i in range(array.shape[1])])
