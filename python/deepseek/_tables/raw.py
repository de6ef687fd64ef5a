"""A column of a table as plain values with a mask of missing ones, and its conversion from and to NumPy arrays.

Every column belongs to one of three families: real (float64), whole (int64; dates count in their own unit) or
values (objects: text, booleans, or a mixture with numbers). The dictionary `stored` describes the original
storage, so that the column can be restored.
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
class RawColumn:
    """A column of a table.

    Attributes
    ----------
    name : str or int
        Column name of a frame, or column number of an array.
    values : ndarray of shape (n,)
        Values: float64, int64 or objects (str, bool, int, float); unspecified where missing.
    missing : ndarray of bool, shape (n,)
        Mask of the missing values.
    stored : dict
        Description of the original storage, for `to_numpy` and the writers of frames.
    """

    name: Name
    values: Array
    missing: Array
    stored: Config

    @property
    def family(self) -> str:
        """Family of the values: "real", "whole" or "values"."""
        return {"f": "real", "i": "whole"}.get(self.values.dtype.kind, "values")

    @property
    def present(self) -> Array:
        """Values that are not missing."""
        return self.values[~self.missing]


def column_label(name: Name) -> str:
    """Return the name of a column as error messages show it."""
    return f"column {name!r}"


def from_numpy(array: Array, name: Name) -> RawColumn:
    """Read a one-dimensional array as a column; raise TypeError or ValueError for unsupported values."""
    stored: Config = {"dtype": array.dtype.str}
    kind = array.dtype.kind
    if kind == "f":
        values = array.astype(np.float64)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise ValueError(
                f"{column_label(name)}: got {values[infinite[0]]} in row {infinite[0]}; expected finite numbers, or "
                "NaN where missing"
            )
        return RawColumn(name, values, np.isnan(values), stored)
    if kind in "iu":
        if kind == "u" and array.size and int(array.max()) >= 2**63:
            raise ValueError(f"{column_label(name)}: got {array.max()}; expected whole numbers below 2**63")
        return RawColumn(name, array.astype(np.int64), np.zeros(len(array), bool), stored)
    if kind in "Mm":
        return RawColumn(
            name, array.astype(array.dtype.newbyteorder("=")).view(np.int64), np.isnat(array), stored
        )
    if kind in "bU":
        return RawColumn(name, array.astype(object), np.zeros(len(array), bool), stored)
    if kind == "O":
        return from_objects(array, name, stored)
    raise TypeError(
        f"{column_label(name)}: got dtype {array.dtype}; expected numbers, text, booleans, dates or objects"
    )


def from_objects(objects: Array, name: Name, stored: Config) -> RawColumn:
    """Read Python objects as a column; None, NaN, NA and NaT are missing, and a column of numbers is numeric."""
    items = [item.item() if isinstance(item, np.generic) else item for item in objects.tolist()]
    missing = np.array([is_missing(item) for item in items], bool)
    kinds: set[type] = set()
    for row in np.flatnonzero(~missing).tolist():
        kind = next((kind for kind in (bool, str, int, float) if isinstance(items[row], kind)), None)
        if kind is None:
            raise TypeError(
                f"{column_label(name)}: got {items[row]!r} ({type(items[row]).__name__}) in row {row}; "
                "expected numbers, text or booleans (dates as datetime64)"
            )
        kinds.add(kind)
        items[row] = kind(items[row])
    marker = "nan" if any(missing) and all(i is not None for i in objects[missing].tolist()) else "none"
    stored = {**stored, "missing": marker}
    if kinds in ({int}, {float}, {int, float}):
        filled = [0 if na else item for item, na in zip(items, missing, strict=True)]
        try:
            values = np.array(filled, np.int64 if kinds == {int} else np.float64)
        except OverflowError:
            raise ValueError(
                f"{column_label(name)}: got a whole number of 2**63 or more; expected smaller ones"
            ) from None
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise ValueError(
                f"{column_label(name)}: got {values[row]} in row {row}; expected finite numbers, or NaN where missing"
            )
        return RawColumn(name, values, missing, stored)
    values = np.empty(len(items), object)
    values[:] = items
    return RawColumn(name, values, missing, stored)


def to_numpy(values: Array, missing: Array, stored: Config) -> Array:
    """Return an array of the dtype that `from_numpy` saw; `values` have the family that it returned."""
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


def is_missing(item: Any) -> bool:
    """Whether a value of Python stands for a missing one."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(item, float) and item != item
