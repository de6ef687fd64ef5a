"""Validation of targets and weights per step, and of CTC labels; the results are packed arrays.

The values that a loss allows are checked by `_data.targets`; this module checks shapes and lengths.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.model import takes_labels, targets_of
from .._config.rec import BLANK, RecConfig
from .._data.inputs import as_array
from .._data.packed import Packed, in_steps, real_rows, starts_of
from .._data.sequences import Sequences, is_list
from .._data.targets import as_labels, as_values
from .._data.weights import checked_weights, row_weights

Array = NDArray[Any]


def as_step_targets(y: Any, X: Sequences, config: RecConfig, name: str = "y") -> Packed:
    """Validate one target per step.

    Parameters
    ----------
    y : array-like of shape (sequences, steps) or (sequences, steps, outputs), or list of array-like
        Targets; values beyond a sequence's length are ignored.
    X : Sequences
        Validated inputs of the same sequences.
    config : RecConfig
        Configuration of the model.
    name : str, default="y"
        Name of y in error messages.

    Returns
    -------
    Packed
        Class indices (Σ steps,), or values (Σ steps, outputs).

    Raises
    ------
    TypeError, ValueError
        For targets of another shape or outside the range of the loss.
    """
    array, outputs = _steps(y, X, name), config.outputs
    starts = starts_of(X.lengths)
    location, labels = in_steps(starts), takes_labels(config)
    if labels and (array.ndim == 1 or array.shape[1:] == (1,)):
        return Packed(as_labels(array.reshape(-1), outputs, name, location), starts)
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.shape[1:] != (outputs,) or (labels and targets_of(config) == "classes"):
        expected = "(sequences, steps) class indices" if labels else f"(sequences, steps, {outputs})"
        raise ValueError(f"{name}: got shape {array.shape[1:]} per step; expected {expected}")
    return Packed(as_values(array, config, np.dtype(config.dtype), name, location), starts)


def as_alignable(y: Any, X: Sequences, config: RecConfig, name: str = "y") -> Packed:
    """Validate the CTC labels of each sequence.

    Parameters
    ----------
    y : list of array-like of int, shape (labels,)
        Labels from 1 to outputs - 1 (class 0 is the blank), at most as many as the steps can hold, possibly
        none.
    X, config, name
        See `as_step_targets`.

    Returns
    -------
    Packed
        Labels (Σ labels,).

    Raises
    ------
    TypeError, ValueError
        For other labels, and for sequences too short for their labels.
    """
    if not is_list(y):
        y = list(as_array(y, name)) if np.ndim(y) == 2 else y
        if not isinstance(y, list):
            raise TypeError(
                f"{name}: got {type(y).__name__}; expected a list of integer arrays, one per sequence"
            )
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
    """Validate one weight per sequence or, for outputs "sequence" and "next", per step; None means 1."""
    if weights is None:
        return None
    dtype = np.dtype(config.dtype)
    per_step = is_list(weights) and len(weights) > 0 and np.ndim(weights[0]) > 0
    if not per_step:
        array = as_array(weights, name)
        if array.ndim != 2:
            return Packed(row_weights(array, X.count, dtype, name))
    if config.output not in ("sequence", "next"):
        raise ValueError(
            f"{name}: got one weight per step; expected shape ({X.count},), one per sequence, for "
            f"output={config.output!r}"
        )
    array = _steps(weights, X, name)
    if array.ndim != 1:
        raise ValueError(f"{name}: got shape {array.shape[1:]} per step; expected one number per step")
    starts = starts_of(X.lengths)
    return Packed(checked_weights(array, dtype, name, in_steps(starts)), starts)


def _steps(value: Any, X: Sequences, name: str) -> Array:
    """Return values per step packed as (Σ steps, …); an array without padding is not copied."""
    if is_list(value):
        return _joined(value, X, name)
    array = as_array(value, name)
    if array.ndim < 2:
        raise ValueError(
            f"{name}: got shape {array.shape}; expected 2-D or 3-D (sequences, steps, …) or a list of sequences"
        )
    _check_count(len(array), X, name)
    steps = array.shape[1]
    differs = X.lengths != steps if X.steps is None else np.full(X.count, steps != X.steps)
    if differs.any():
        i = int(differs.argmax())
        expected = int(X.lengths[i]) if X.steps is None else X.steps
        raise ValueError(f"{name}: got {steps} steps in sequence {i}; expected {expected}, as many as X has")
    flat = array.reshape(X.count * steps, *array.shape[2:])
    return flat[real_rows(X.starts, X.lengths)] if X.padded else flat


def _joined(value: Any, X: Sequences, name: str) -> Array:
    _check_count(len(value), X, name)
    arrays = [as_array(item, f"{name}[{i}]") for i, item in enumerate(value)]
    for i, array in enumerate(arrays):
        steps = int(X.lengths[i])
        if array.ndim == 0 or len(array) != steps:
            got = "a single number" if array.ndim == 0 else f"{len(array)} steps"
            raise ValueError(
                f"{name}[{i}]: got {got}; expected {steps} steps, as many as sequence {i} of X has"
            )
        if array.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"{name}[{i}]: got shape {array.shape[1:]} per step; expected {arrays[0].shape[1:]}, that of {name}[0]"
            )
    return np.concatenate(arrays)


def _check_count(count: int, X: Sequences, name: str) -> None:
    if count != X.count:
        raise ValueError(f"{name}: got {count} sequences; expected {X.count}, as many as X has")


def _label_row(item: Any, name: str) -> Array:
    row = as_array(item, name)
    if row.ndim != 1:
        raise ValueError(f"{name}: got shape {row.shape}; expected 1-D (labels,)")
    if row.size and row.dtype.kind not in "iu":
        raise TypeError(f"{name}: got {row.dtype}; expected integer labels")
    return row


def _check_labels(row: Array, steps: int, classes: int, name: str) -> None:
    invalid = (row <= BLANK) | (row >= classes)
    if invalid.any():
        i = int(invalid.argmax())
        raise ValueError(
            f"{name}[{i}]: got {int(row[i])}; expected labels 1 to {classes - 1} (class 0 is the blank)"
        )
    repeats = int((row[1:] == row[:-1]).sum())
    if len(row) + repeats > steps:
        also = f" with {repeats} repeats, each of which needs a blank between," if repeats else ""
        raise ValueError(
            f"{name}: got {len(row)} labels{also} for a sequence of {steps} steps; expected at least "
            f"{len(row) + repeats} steps"
        )
