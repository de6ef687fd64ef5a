"""Tables and targets that a user passes, as columns by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._config.checks import short
from .._config.hints import did_you_mean
from .._tables.arrays import Columns, columns_of
from .._tables.cells import Array, listed, quoted
from .._tables.containers import open_table
from .._tables.read import read_table


def read_columns(X: Any, names: Sequence[str] | None = None) -> Columns:
    """Return the columns of a table.

    Parameters
    ----------
    X : table
        Frame of pandas or polars, table of pyarrow, dictionary of columns, structured or two-dimensional array,
        list of rows, path of a CSV file or file object.
    names : sequence of str, optional
        Names of the columns of a plain array. Default: x0, x1, ….

    Returns
    -------
    Columns
    """
    if isinstance(X, (str, os.PathLike)) or hasattr(X, "read"):
        return read_table(X)
    # Names are those of a plain array; a table with names of its own may have more columns.
    plain = not isinstance(X, Columns) and open_table(X).kind == "array"
    return columns_of(X, names if plain else None)


def split_target(columns: Columns, y: Any) -> tuple[Columns, Array, str]:
    """Return the feature columns, the target and its name.

    Parameters
    ----------
    columns : Columns
        Columns of the table.
    y : str or array-like of shape (rows,)
        Name of the target's column, or the target.
    """
    if isinstance(y, str):
        if y not in columns:
            raise ValueError(
                f"y: got {y!r}; expected a column of X, one of {listed(columns)}{did_you_mean(y, columns)}"
            )
        features = columns.without(y)
        if not features:
            raise ValueError(f"X: got only the target {quoted(y)}; expected more columns")
        return features, columns[y], y
    target, name, named = read_target(y)
    if len(target) != columns.rows:
        raise ValueError(f"y: got {len(target)} rows; expected {columns.rows}, as in X")
    if named and name in columns:
        raise ValueError(
            f"X: got the column {quoted(name)}, which is also the name of y; expected X without it, or "
            f"fit(X, {name!r})"
        )
    return columns, target, name


def read_target(y: Any) -> tuple[Array, str, bool]:
    """Return a target, its name, and whether the name is its own instead of "y"."""
    if y is None:
        raise TypeError("y: got None; expected the name of a column of X, or an array of shape (rows,)")
    if hasattr(y, "columns") or isinstance(y, dict):
        columns = columns_of(y, argument="y")
        if len(columns) != 1:
            raise ValueError(f"y: got {len(columns)} columns; expected one")
        return next(iter(columns.values())), next(iter(columns)), True
    own = getattr(y, "name", None)
    own = own if isinstance(own, (str, int)) and own != "" else None
    name = "y" if own is None else str(own)
    if np.ndim(y) == 2 and np.shape(y)[1] == 1:
        y = np.asarray(y)[:, 0]
    if np.ndim(y) != 1:
        got = f"shape {np.shape(y)}" if np.ndim(y) else short(y)
        raise ValueError(f"y: got {got}; expected the name of a column of X, or an array of shape (rows,)")
    if not len(y):
        raise ValueError("y: got no values; expected at least two")
    return columns_of({name: y}, argument="y")[name], name, own is not None


def target_of(columns: Columns, y: Any, name: str) -> Array:
    """Return the target of rows to score: `y` or, if it is None, the column of the fit's target.

    Parameters
    ----------
    columns : Columns
        Columns of the table.
    y : None, str or array-like of shape (rows,)
        Target or name of its column.
    name : str
        Name of the target at fit.
    """
    if y is None:
        y = name
    if isinstance(y, str):
        if y not in columns:
            raise ValueError(
                f"y: got none, and X has no column {quoted(y)}; expected the target as y or as this column"
            )
        return columns[y]
    target = read_target(y)[0]
    if len(target) != columns.rows:
        raise ValueError(f"y: got {len(target)} rows; expected {columns.rows}, as in X")
    return target
