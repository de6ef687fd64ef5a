"""Targets and weights of steps at the door, and labels for CTC; packed, one sequence after another.

What a target may be is `_data.targets`' business; here is where it stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._data.inputs import as_array
from .._data.packed import Packed, in_steps, real_rows, starts_of
from .._data.sequences import Sequences, is_list
from .._data.targets import as_labels, as_values, takes_labels
from .._data.weights import checked_weights, row_weights
from .config import BLANK, RecConfig

Array = NDArray[Any]


def as_step_targets(y: Any, X: Sequences, config: RecConfig, name: str = "y") -> Packed:
    """A target for each step: class indices (Σ steps,), else values (Σ steps, outputs).

    Parameters
    ----------
    y : array-like of shape (sequences, steps) or (sequences, steps, outputs), or list of array-like
    X : Sequences
        The inputs they belong to; what lies beyond a sequence's length is not looked at.
    config : RecConfig
    name : str
        What messages call y.
    """
    array, outputs = _steps(y, X, name), config.outputs
    starts = starts_of(X.lengths)
    place, labels = in_steps(starts), takes_labels(config)
    if labels and (array.ndim == 1 or array.shape[1:] == (1,)):
        return Packed(as_labels(array.reshape(-1), outputs, name, place), starts)
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.shape[1:] != (outputs,) or (labels and losses.name_of(config.loss) == "focal"):
        wanted = "(sequences, steps) class indices" if labels else f"(sequences, steps, {outputs})"
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape[1:]} a step")
    return Packed(as_values(array, config, np.dtype(config.dtype), name, place), starts)


def as_alignable(y: Any, X: Sequences, config: RecConfig, name: str = "y") -> Packed:
    """Labels of each sequence for CTC: 1 … outputs - 1, any number that its steps can hold.

    Parameters
    ----------
    y : list of array-like of int, shape (labels,)
        Class 0 is the blank and no label; a sequence may have none.
    X, config, name
        As in `as_step_targets`.
    """
    if not is_list(y):
        y = list(as_array(y, name)) if np.ndim(y) == 2 else y
        if not isinstance(y, list):
            raise TypeError(f"{name} must be a list of integer arrays, one a sequence")
    _check_count(len(y), X, name)
    rows = [_label_row(item, f"{name}[{i}]") for i, item in enumerate(y)]
    lengths = np.array([len(row) for row in rows], np.int64)
    for i, row in enumerate(rows):
        _check_labels(row, int(X.lengths[i]), config.outputs, f"{name}[{i}]")
    values = np.concatenate([np.empty(0, np.int64), *rows], dtype=np.int64, casting="unsafe")
    return Packed(values, starts_of(lengths), lengths)


def as_step_weights(
    weights: Any, X: Sequences, config: RecConfig, name: str = "sample_weight"
) -> Packed | None:
    """One weight a sequence, or one a step where steps are scored; None is one for all."""
    if weights is None:
        return None
    dtype = np.dtype(config.dtype)
    by_step = is_list(weights) and len(weights) > 0 and np.ndim(weights[0]) > 0
    if not by_step:
        array = as_array(weights, name)
        if array.ndim != 2:
            return Packed(row_weights(array, X.count, dtype, name))
    if config.output not in ("sequence", "next"):
        raise ValueError(
            f"{name} must have shape ({X.count},), one a sequence: output={config.output!r} scores no steps"
        )
    array = _steps(weights, X, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one number a step, got {array.shape[1:]}")
    starts = starts_of(X.lengths)
    return Packed(checked_weights(array, dtype, name, in_steps(starts)), starts)


def _steps(value: Any, X: Sequences, name: str) -> Array:
    """Whatever there is a step, as (Σ steps, …); an array without padding is not copied."""
    if is_list(value):
        return _joined(value, X, name)
    array = as_array(value, name)
    if array.ndim < 2:
        raise ValueError(
            f"{name} must be 2-D or 3-D (sequences, steps, …) or a list of sequences, got shape {array.shape}"
        )
    _check_count(len(array), X, name)
    steps = array.shape[1]
    odd = X.lengths != steps if X.steps is None else np.full(X.count, steps != X.steps)
    if odd.any():
        i = int(odd.argmax())
        has = int(X.lengths[i]) if X.steps is None else X.steps
        raise ValueError(f"{name} must have as many steps as X: {has} in sequence {i}, got {steps}")
    flat = array.reshape(X.count * steps, *array.shape[2:])
    return flat[real_rows(X.starts, X.lengths)] if X.padded else flat


def _joined(value: Any, X: Sequences, name: str) -> Array:
    _check_count(len(value), X, name)
    arrays = [as_array(item, f"{name}[{i}]") for i, item in enumerate(value)]
    for i, array in enumerate(arrays):
        steps = int(X.lengths[i])
        if array.ndim == 0 or len(array) != steps:
            got = "a single number" if array.ndim == 0 else len(array)
            raise ValueError(f"{name}[{i}] must have as many steps as sequence {i} of X: {steps}, got {got}")
        if array.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"{name}[{i}] must be like the first, {arrays[0].shape[1:]} a step, got {array.shape[1:]}"
            )
    return np.concatenate(arrays)


def _check_count(count: int, X: Sequences, name: str) -> None:
    if count != X.count:
        raise ValueError(f"{name} must have as many sequences as X: {X.count}, got {count}")


def _label_row(item: Any, name: str) -> Array:
    row = as_array(item, name)
    if row.ndim != 1:
        raise ValueError(f"{name} must be 1-D (labels,), got shape {row.shape}")
    if row.size and row.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integer labels, got {row.dtype}")
    return row


def _check_labels(row: Array, steps: int, classes: int, name: str) -> None:
    odd = (row <= BLANK) | (row >= classes)
    if odd.any():
        at = int(odd.argmax())
        raise ValueError(
            f"{name} must hold labels 1 to {classes - 1} (0 is the blank); label {at} is {int(row[at])}"
        )
    repeats = int((row[1:] == row[:-1]).sum())
    if len(row) + repeats > steps:
        also = f" and a blank between each of {repeats} repeats" if repeats else ""
        raise ValueError(
            f"{name} cannot be aligned: {len(row)} labels{also} need {len(row) + repeats} steps, "
            f"its sequence has {steps}"
        )
