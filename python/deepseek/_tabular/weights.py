"""Weights of the rows of a table: those that the user passes, times those of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.checks import short
from .._config.hints import did_you_mean
from .._data.weights import checked_weights
from .._tables.arrays import Columns, columns_of
from .._tables.cells import listed, quoted, read_cells
from .._tables.encoders.numbers import Numbers, found_format
from .._tables.number_formats import PLAIN
from .._tables.series import objects
from .._tables.target import TargetEncoder

Floats = NDArray[np.float64]

_LEAST = 1e-30  # smallest weight beside the largest; sums in float32 hold it


def split_weights(columns: Columns, sample_weight: Any) -> tuple[Columns, Floats | None]:
    """Return the columns without that of the weights, and the weights.

    Parameters
    ----------
    columns : Columns
        Columns of the table.
    sample_weight : None, str or array-like of shape (rows,)
        Weights, or the name of their column.

    Returns
    -------
    columns : Columns
        Other columns.
    weights : ndarray of float64, shape (rows,), or None
        Weights, not validated, NaN where missing.
    """
    if sample_weight is None:
        return columns, None
    if isinstance(sample_weight, str):
        if sample_weight not in columns:
            raise ValueError(
                f"sample_weight: got {sample_weight!r}; expected a column of X, one of {listed(columns)}"
                f"{did_you_mean(sample_weight, columns)}"
            )
        values = _numbers(columns[sample_weight], columns.decimal)
        return columns.without(sample_weight), values
    if np.ndim(sample_weight) != 1:
        got = f"shape {np.shape(sample_weight)}" if np.ndim(sample_weight) else short(sample_weight)
        raise ValueError(
            f"sample_weight: got {got}; expected the name of a column of X, or one weight per row"
        )
    if len(sample_weight) != columns.rows:
        raise ValueError(f"sample_weight: got {len(sample_weight)} weights; expected {columns.rows}, as in X")
    read = columns_of({"sample_weight": sample_weight}, argument="sample_weight")
    return columns, _numbers(read["sample_weight"], None)


def _numbers(column: NDArray[Any], decimal: str | None) -> Floats:
    """Return a column of numbers, also of numbers as texts, with NaN where missing."""
    if column.dtype.kind in "fiub":
        return column.astype(np.float64)
    cells = read_cells(column)
    if column.dtype.kind in "Mm":
        raise ValueError(f"sample_weight: got {listed(cells.texts, 3)}; expected numbers")
    style = found_format(column, cells, decimal)
    if style is None and cells.texts:
        raise ValueError(f"sample_weight: got {listed(cells.texts, 3)}; expected numbers")
    return Numbers.read(column, style or PLAIN, decimal, cells).values


def known_weights(weights: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return validated weights; rows that are not known have the weight 0.

    Raises
    ------
    ValueError
        For a weight that is missing, infinite or negative, or if all are 0.
    """
    return checked_weights(np.where(known, weights, 0.0), np.dtype(np.float64), "sample_weight")


def relative_weights(weights: Floats) -> Floats:
    """Return weights above 0 with the mean 1; equal weights are exactly 1.

    A weight of less than 1e-30 of the largest is raised to it, which no sum of losses shows.
    """
    if weights.min() == weights.max():
        return np.ones(len(weights))
    scaled = np.maximum(weights / weights.max(), _LEAST)
    return np.asarray(scaled / scaled.mean())


def effective_rows(weights: Floats) -> float:
    """Return the number of rows of equal weight that are as good as the weighted ones (Kish 1965)."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def class_weights(
    option: dict[str, float] | str | None, target: TargetEncoder, codes: NDArray[np.int64], weights: Floats
) -> Floats:
    """Return the weights of rows multiplied by those of their classes, with the mean 1.

    Parameters
    ----------
    option : dict, "balanced" or None
        Option `class_weight` of `TabularNet`.
    target : TargetEncoder
        Encoder of the target.
    codes : ndarray of int64, shape (rows,)
        Class of each row.
    weights : ndarray of float64, shape (rows,)
        Weights of the rows.

    Raises
    ------
    ValueError
        For class weights of a number, or of a class that the target does not have.
    """
    if option is None:
        return weights
    if target.classes is None:
        raise ValueError(
            f"class_weight: got {short(option)} for the number {quoted(target.name)}; expected None, or classes (task "
            "'classification')"
        )
    count = len(target.classes)
    if isinstance(option, str):  # "balanced"
        sums = np.bincount(codes, weights, minlength=count)
        table = sums.sum() / (count * sums)
    else:
        table = np.ones(count)
        for label, weight in option.items():
            table[_code(label, target)] = weight
        table /= table.max()
    return relative_weights(table[codes] * weights)


def _code(label: str, target: TargetEncoder) -> int:
    try:
        return int(target.transform(objects([label]))[0])
    except ValueError:
        raise ValueError(
            f"class_weight: got the class {quoted(label)}; expected classes of the target {quoted(target.name)}: "
            f"{listed(target.labels)}"
        ) from None
