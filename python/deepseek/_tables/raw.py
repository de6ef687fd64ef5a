"""A table's column as plain values, and NumPy arrays as such columns and back.

Every column becomes one of three families: real (float64), whole (int64; dates count in their own unit) or values
(objects: text, booleans, or a mixture with numbers), with a mask of what is missing. What else is needed to give the
column back as it came is a small dictionary, `stored`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Name = str | int
Config = dict[str, Any]


@dataclass(frozen=True)
class Raw:
    """A column's values.

    Attributes
    ----------
    name : str or int
        A frame's column name, an array's column number.
    values : ndarray of shape (n,)
        float64, int64 or objects (str, bool, int, float); anything where missing.
    missing : ndarray of bool, shape (n,)
    stored : dict
        How the column was stored, for `to_numpy` and its like.
    """

    name: Name
    values: Array
    missing: Array
    stored: Config

    @property
    def family(self) -> str:
        """real, whole or values."""
        return {"f": "real", "i": "whole"}.get(self.values.dtype.kind, "values")

    @property
    def present(self) -> Array:
        """The values that are not missing."""
        return self.values[~self.missing]


def called(name: Name) -> str:
    """What messages call a column."""
    return f"column {name!r}"


def from_numpy(array: Array, name: Name) -> Raw:
    """A one-dimensional array of any dtype as a column; TypeError or ValueError for what cannot be one."""
    stored: Config = {"dtype": array.dtype.str}
    kind = array.dtype.kind
    if kind == "f":
        values = array.astype(np.float64)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise ValueError(
                f"{called(name)} has {values[infinite[0]]} in row {infinite[0]}; use NaN if it is missing"
            )
        return Raw(name, values, np.isnan(values), stored)
    if kind in "iu":
        if kind == "u" and array.size and int(array.max()) >= 2**63:
            raise ValueError(f"{called(name)} has {array.max()}; whole numbers must be below 2**63")
        return Raw(name, array.astype(np.int64), np.zeros(len(array), bool), stored)
    if kind in "Mm":
        return Raw(name, array.astype(array.dtype.newbyteorder("=")).view(np.int64), np.isnat(array), stored)
    if kind in "bU":
        return Raw(name, array.astype(object), np.zeros(len(array), bool), stored)
    if kind == "O":
        return from_objects(array, name, stored)
    raise TypeError(
        f"{called(name)} has dtype {array.dtype}; expected numbers, text, booleans, dates or objects"
    )


def from_objects(objects: Array, name: Name, stored: Config) -> Raw:
    """Python objects as a column: numbers alone become numbers; None, NaN, NA and NaT are missing."""
    items = [item.item() if isinstance(item, np.generic) else item for item in objects.tolist()]
    missing = np.array([_is_missing(item) for item in items], bool)
    kinds: set[type] = set()
    for row in np.flatnonzero(~missing).tolist():
        kind = next((kind for kind in (bool, str, int, float) if isinstance(items[row], kind)), None)
        if kind is None:
            raise TypeError(
                f"{called(name)} holds {items[row]!r} ({type(items[row]).__name__}) in row {row}; "
                "expected numbers, text or booleans (dates: as datetime64)"
            )
        kinds.add(kind)
        items[row] = kind(items[row])
    marker = "nan" if any(missing) and all(i is not None for i in objects[missing].tolist()) else "none"
    stored = {**stored, "missing": marker}
    if kinds in ({int}, {float}, {int, float}):
        filled = [0 if gone else item for item, gone in zip(items, missing, strict=True)]
        try:
            values = np.array(filled, np.int64 if kinds == {int} else np.float64)
        except OverflowError:
            raise ValueError(f"{called(name)} has whole numbers beyond 2**63") from None
        if not np.isfinite(values).all():
            raise ValueError(f"{called(name)} has an infinite value; use NaN if it is missing")
        return Raw(name, values, missing, stored)
    values = np.empty(len(items), object)
    values[:] = items
    return Raw(name, values, missing, stored)


def to_numpy(values: Array, missing: Array, stored: Config) -> Array:
    """The array of the dtype that `from_numpy` saw; `values` are of the family that it gave."""
    dtype = np.dtype(stored["dtype"])
    if dtype.kind in "Mm":
        return (
            np.where(missing, np.iinfo(np.int64).min, values)
            .astype(np.int64)
            .view(dtype.newbyteorder("="))
            .astype(dtype)
        )
    if dtype.kind == "f":
        return np.where(missing, np.nan, values).astype(dtype)
    if dtype.kind != "O":
        return values.astype(dtype)
    objects = values.astype(object)
    objects[missing] = np.nan if stored.get("missing") == "nan" else None
    return objects


def _is_missing(item: Any) -> bool:
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(item, float) and item != item
