"""Operations of a Gen on tables: reading a column and joining rows. The transformer encodes tables."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def column(table: Any, name: Any) -> Array:
    """Return the values of a column of a frame, dictionary, structured array or plain array (by number)."""
    if isinstance(table, np.ndarray) and table.dtype.names is None:
        if isinstance(name, bool) or not isinstance(name, int) or not 0 <= name < table.shape[1]:
            raise ValueError(
                f"where: got the column {name!r}; expected a number from 0 to {table.shape[1] - 1}"
            )
        return np.asarray(table[:, name])
    names = names_of(table)
    if name not in names:
        raise ValueError(f"where: got the column {name!r}; expected one of {', '.join(map(str, names))}")
    return np.asarray(table[name])


def names_of(table: Any) -> list[Any]:
    """Return the names of the columns; for a plain array their numbers."""
    if isinstance(table, np.ndarray):
        return list(table.dtype.names or range(table.shape[1]))
    return list(table if isinstance(table, dict) else table.columns)


def joined(upper: Any, lower: Any) -> Any:
    """Return the rows of two tables of the same kind and columns, one below the other."""
    if isinstance(lower, np.ndarray):
        return np.concatenate([np.asarray(upper), lower])
    if isinstance(lower, dict):
        return {key: np.concatenate([np.asarray(upper[key]), lower[key]]) for key in upper}
    library = sys.modules[type(lower).__module__.partition(".")[0]]
    if hasattr(lower, "with_columns"):  # polars
        return library.concat([upper, lower])
    return library.concat([upper, lower], ignore_index=True)
