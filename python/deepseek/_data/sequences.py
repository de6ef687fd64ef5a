"""Validation of sequences: an array or a list of arrays becomes packed values of the engine's type.

An array (sequences, steps, features) that is contiguous and of the engine's type is read in place. Its values
beyond a sequence's length are ignored. The sequences of a list are copied once into one array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .inputs import as_array, as_type, not_finite
from .packed import Packed, in_steps, real_rows, starts_of

Array = NDArray[Any]

INT64 = np.dtype(np.int64)


class Stepped(Protocol):
    """The part of a model's configuration that describes one step of its inputs."""

    @property
    def vocabulary(self) -> int | None:
        """Number of tokens, 0 to vocabulary - 1; None where a step is real numbers."""

    @property
    def inputs(self) -> int:
        """Number of features per step."""

    @property
    def dtype(self) -> str:
        """Element type of the features."""


@dataclass(frozen=True)
class Sequences:
    """Validated inputs.

    Attributes
    ----------
    values, starts, lengths : ndarray
        The fields of `Packed`; values have shape (N, features) and the engine's type, or are tokens (N,).
    steps : int or None
        Second dimension of the user's array; None for a list.
    ragged : bool
        Whether the user passed a list or lengths, so that outputs are returned as a list.
    """

    values: Array
    starts: Array
    lengths: Array
    steps: int | None
    ragged: bool

    @property
    def count(self) -> int:
        """Number of sequences."""
        return len(self.starts)

    @property
    def packed(self) -> Packed:
        """The sequences in the form that the engine reads."""
        return Packed(self.values, self.starts, self.lengths)

    @property
    def padded(self) -> bool:
        """Whether the array holds steps that belong to no sequence."""
        return len(self.values) != int(self.lengths.sum())

    def take(self, order: Array) -> Sequences:
        """Return the sequences numbered `order`; no value is copied."""
        return replace(self, starts=self.starts[order], lengths=self.lengths[order])

    def shaped(self, outputs: Array) -> Array | list[Array]:
        """Return the outputs of all steps in the form of the user's inputs: (sequences, steps, …), or a list."""
        if self.steps is not None and not self.ragged:
            return outputs.reshape(self.count, self.steps, *outputs.shape[1:])
        return self.listed(outputs)

    def listed(self, outputs: Array) -> list[Array]:
        """Return the outputs of all steps as one array per sequence."""
        starts = starts_of(self.lengths)
        return [outputs[a : a + n] for a, n in zip(starts.tolist(), self.lengths.tolist(), strict=True)]


def as_sequences(
    X: Any, config: Stepped, lengths: Any = None, name: str = "X", prefix: str = "", *, empty: bool = False
) -> Sequences:
    """Validate the inputs of a recurrent model.

    Parameters
    ----------
    X : array-like of shape (sequences, steps, features) or (sequences, steps), or list of array-like
        Sequences; the items of a list have shape (steps, features) or (steps,). The features dimension may be
        left out for one feature and is absent for tokens.
    config : Stepped
        Description of a step.
    lengths : array-like of int, shape (sequences,), optional
        Number of valid steps of each sequence of an array; default: all.
    name : str, default="X"
        Name of X in error messages.
    prefix : str, default=""
        Text before "lengths" in error messages.
    empty : bool, default=False
        Whether zero sequences are accepted.

    Returns
    -------
    Sequences

    Raises
    ------
    TypeError, ValueError
        For invalid values; the message names the argument and the position.
    """
    if is_list(X):
        if lengths is not None:
            raise ValueError(
                f"{prefix}lengths: got a value beside a list of sequences; expected None (lengths belong to an array)"
            )
        sequences, original = _from_list(X, config, name)
    else:
        sequences, original = _from_array(X, config, lengths, name, prefix)
    if not (sequences.count or empty):
        raise ValueError(f"{name}: got no sequences; expected at least one")
    _check_values(sequences, config, name, original)
    return sequences


def is_list(value: Any) -> bool:
    """Whether a value is a list of arrays; a 1-D array of objects counts as a list."""
    return isinstance(value, (list, tuple)) or (
        type(value) is np.ndarray and value.dtype.kind == "O" and value.ndim == 1
    )


def as_tokens(array: Array, name: str) -> Array:
    """Return the array; raise TypeError unless it holds integers."""
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name}: got {array.dtype}; expected integer tokens")
    return array


def as_lengths(lengths: Any, count: int, steps: int, name: str) -> Array:
    """Validate the number of valid steps of each sequence: integers from 1 to `steps`."""
    array = as_array(lengths, name)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: got {array.dtype}; expected integers")
    if array.shape != (count,):
        raise ValueError(f"{name}: got shape {array.shape}; expected ({count},), one length per sequence")
    invalid = (array < 1) | (array > steps)
    if invalid.any():
        i = int(invalid.argmax())
        raise ValueError(f"{name}[{i}]: got {int(array[i])}; expected 1 to {steps}, the steps of X")
    return np.ascontiguousarray(array, INT64)


Original = Callable[[int], Any]
"""Maps a row of the packed array to the user's values of that step."""


def _from_array(X: Any, config: Stepped, lengths: Any, name: str, prefix: str) -> tuple[Sequences, Original]:
    array = as_array(X, name)
    if config.vocabulary:
        as_tokens(array, name)
        if array.ndim != 2:
            raise ValueError(_shape(array, "2-D (sequences, steps) of tokens", 2, name))
    elif array.ndim == 2 and config.inputs == 1:
        array = array[:, :, None]
    elif array.ndim != 3:
        expected = f"3-D (sequences, steps, {config.inputs})"
        if config.inputs == 1:
            raise ValueError(_shape(array, f"2-D (sequences, steps) or {expected}", 2, name))
        raise ValueError(_shape(array, expected, 3, name))
    elif array.shape[2] != config.inputs:
        raise ValueError(f"{name}: got {array.shape[2]} features per step; expected {config.inputs}")
    count, steps = array.shape[:2]
    if count and not steps:
        raise ValueError(
            f"{name}: got sequences without steps, shape {array.shape}; expected at least one step"
        )
    valid = (
        np.full(count, steps, np.int64)
        if lengths is None
        else as_lengths(lengths, count, steps, f"{prefix}lengths")
    )
    values = as_type(array, _dtype(config)).reshape(count * steps, *array.shape[2:])
    starts = np.arange(count, dtype=np.int64) * steps
    sequences = Sequences(values, starts, valid, steps, lengths is not None)
    return sequences, lambda row: array[divmod(row, steps)]


def _from_list(X: Any, config: Stepped, name: str) -> tuple[Sequences, Original]:
    arrays = [_item(as_array(item, f"{name}[{i}]"), config, f"{name}[{i}]") for i, item in enumerate(X)]
    lengths = np.array([len(array) for array in arrays], np.int64)
    starts = starts_of(lengths)
    dtype = _dtype(config)
    if len(arrays) == 1:
        values = as_type(arrays[0], dtype)
    else:
        shape = () if config.vocabulary else (config.inputs,)
        values = np.empty((int(lengths.sum()), *shape), dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for array, start in zip(arrays, starts.tolist(), strict=True):
                values[start : start + len(array)] = array

    def original(row: int) -> Any:
        i = int(np.searchsorted(starts, row, side="right")) - 1
        return arrays[i][row - int(starts[i])]

    return Sequences(values, starts, lengths, None, True), original


def _item(array: Array, config: Stepped, name: str) -> Array:
    """Validate one sequence of a list: (steps, features), or (steps,) tokens."""
    if config.vocabulary:
        as_tokens(array, name)
        if array.ndim != 1:
            raise ValueError(f"{name}: got shape {array.shape}; expected 1-D (steps,) of tokens")
    elif array.ndim == 1 and config.inputs == 1:
        array = array[:, None]
    elif array.ndim != 2:
        also = " or (steps,)" if config.inputs == 1 else ""
        raise ValueError(f"{name}: got shape {array.shape}; expected (steps, {config.inputs}){also}")
    elif array.shape[1] != config.inputs:
        raise ValueError(f"{name}: got {array.shape[1]} features per step; expected {config.inputs}")
    if not len(array):
        raise ValueError(f"{name}: got no steps, shape {array.shape}; expected at least one")
    return array


def _check_values(sequences: Sequences, config: Stepped, name: str, original: Original) -> None:
    """Raise ValueError for NaN, infinity or an unknown token in a valid step."""
    values = sequences.values
    if values.size == 0 or _first_invalid(values, config) is None:
        return
    rows = real_rows(sequences.starts, sequences.lengths)
    invalid = _first_invalid(values[rows] if sequences.padded else values, config)
    if invalid is None:
        return  # the value lies in the padding
    row, column = int(rows[invalid[0]]), invalid[1]
    location = in_steps(sequences.starts, "feature")
    if config.vocabulary:
        raise ValueError(
            f"{name}: got {int(original(row))} in {location(row)}; expected tokens 0 to {config.vocabulary - 1}"
        )
    raise ValueError(not_finite(original(row)[column], (row, column), values.dtype, name, location))


def _first_invalid(values: Array, config: Stepped) -> tuple[int, int] | None:
    if not config.vocabulary:
        position: tuple[int, int] | None = _core.check_finite(values)
        return position
    if values.min() >= 0 and values.max() < config.vocabulary:
        return None
    return int(((values < 0) | (values >= config.vocabulary)).argmax()), 0


def _dtype(config: Stepped) -> np.dtype[Any]:
    return INT64 if config.vocabulary else np.dtype(config.dtype)


def _shape(array: Array, expected: str, min_ndim: int, name: str) -> str:
    advice = f". Use {name}[None] for a single sequence" if array.ndim == min_ndim - 1 else ""
    return f"{name}: got shape {array.shape}; expected {expected} or a list of sequences{advice}"
