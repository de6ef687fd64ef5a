"""Targets at the door: what y must be for each loss, as the engine reads it.

Class indices become int64 (rows,), everything else rows of the engine's type (rows, outputs). Labels of any
other kind (names, arbitrary integers) belong to the scikit-learn layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._settings import Supervised
from .inputs import Place, as_array, as_finite, in_rows

Array = NDArray[Any]

SUM_TOLERANCE = 1e-4
"""How far a row of probabilities may be from 1."""


def takes_labels(config: Supervised) -> bool:
    """Whether y names classes: cross-entropy, and focal with softmax."""
    name = losses.name_of(config.loss)
    return name == "cross_entropy" or (name == "focal" and config.output_activation == "softmax")


def as_targets(y: Any, config: Supervised, rows: int, dtype: np.dtype[Any], name: str = "y") -> Array:
    """Targets for the engine, one a row."""
    array = as_array(y, name)
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array of {rows} targets, got a single number")
    if array.shape[0] != rows:
        raise ValueError(f"{name} must have as many rows as X: {rows}, got {array.shape[0]}")
    if takes_labels(config) and (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        return as_labels(array.reshape(-1), config.outputs, name)
    return as_values(_rows(array, config, name), config, dtype, name)


def as_values(
    array: Array, config: Supervised, dtype: np.dtype[Any], name: str, place: Place = in_rows
) -> Array:
    """Targets (rows, outputs) that are no class indices: finite, and what the loss allows."""
    values = as_finite(array, dtype, name, place)
    check_range(values, config, name, place)
    return values


def as_labels(
    array: Array, classes: int, name: str, place: Place = in_rows, *, of: str = "the net has {} outputs"
) -> Array:
    """Class indices 0 … classes - 1; floats that are whole numbers will do. `of` says why so many."""
    if array.dtype.kind not in "iub":
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
        odd = ~(np.floor(array) == array) | (np.abs(array) > 2.0**53)
        if odd.any():
            row = int(odd.argmax())
            raise ValueError(
                f"{name} must hold class indices 0 to {classes - 1}; {place(row)} is {float(array[row])}"
            )
    low, high = array.min(), array.max()
    if low < 0 or high >= classes:
        row = int(((array < 0) | (array >= classes)).argmax())
        raise ValueError(
            f"{name} must hold class indices 0 to {classes - 1} ({of.format(classes)}); "
            f"{place(row)} is {int(array[row])}. For labels of another kind use deepseek.sklearn"
        )
    return np.ascontiguousarray(array, np.int64)


def _rows(array: Array, config: Supervised, name: str) -> Array:
    """(rows, outputs), also from (rows,) where there is one output."""
    outputs = config.outputs
    if array.ndim == 1 and outputs == 1:
        return array.reshape(-1, 1)
    if array.shape[1:] != (outputs,):
        also = " or (rows,) class indices" if takes_labels(config) else ""
        raise ValueError(f"{name} must have shape (rows, {outputs}){also}, got {array.shape}")
    if takes_labels(config) and losses.name_of(config.loss) == "focal":
        raise ValueError(
            f"{name} must be class indices of shape (rows,) for the focal loss, got {array.shape}"
        )
    return array


def check_range(values: Array, config: Supervised, name: str, place: Place = in_rows) -> None:
    """What the loss allows: counts, probabilities, yes or no."""
    loss = losses.name_of(config.loss)
    if loss == "poisson":
        _refuse(values < 0, values, "at least 0 for the poisson loss", name, place)
    elif loss == "binary_cross_entropy":
        _refuse((values < 0) | (values > 1), values, "probabilities from 0 to 1", name, place)
    elif loss == "focal":
        _refuse((values != 0) & (values != 1), values, "0 or 1 for the focal loss", name, place)
    elif loss == "cross_entropy":
        _refuse(values < 0, values, "probabilities, at least 0", name, place)
        sums = values.sum(axis=1, dtype=np.float64)
        odd = np.abs(sums - 1.0) > SUM_TOLERANCE
        if odd.any():
            row = int(odd.argmax())
            raise ValueError(
                f"{name} must hold rows of probabilities that sum to 1; {place(row)} sums to {sums[row]:g}"
            )


def _refuse(bad: Array, values: Array, wanted: str, name: str, place: Place) -> None:
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} must be {wanted}; {place(row, column)} is {values[row, column]:g}")
